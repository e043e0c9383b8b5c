"""Servers as resources: the settings of each, with the place of every value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.collect.code.code_file import CodeScope
from mlsec.collect.code.launch import DECLARED_KINDS, TEMPLATE_KINDS, Launch
from mlsec.collect.images.image_names import image_digest, image_tag, is_image_reference
from mlsec.collect.located.located import Node
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.plain import is_plain_credential
from mlsec.core.enums import Truth
from mlsec.core.resource import Origin, Resource
from mlsec.core.secret_forms import VAGUE
from mlsec.servers.advisories import (
    UnknownVersion,
    known_flaws,
    product_of,
    shipped_advisories,
)
from mlsec.servers.images.image_build import is_root_user
from mlsec.servers.network_reach import ConnectionSource, reach_of
from mlsec.servers.recognise import Recognised
from mlsec.servers.settings import NO, Settings, SettingValue, known, no, unknown
from mlsec.servers.unknown_value import note_unknown
from mlsec.vocabulary.types import Kind, Type, Vocabulary

_STORES = ("s3", "gs", "az")
_CONTAINERS = ("compose", "dockerfile")
_FOLLOWS_THE_NEWEST = ("latest", "nightly", "main", "master", "dev")


def server_resource(recognised: Recognised, scope: CodeScope, vocabulary: Vocabulary) -> Resource:
    """Give a server with all that its vocabulary asks for, known or with the reason why not."""
    owner = vocabulary.types[recognised.product.type]
    launch = recognised.settings.launch
    resource_id = f"{launch.id}/{owner.name.partition('.')[2]}"
    properties = dict(recognised.product.read(recognised.settings))
    properties |= {
        name: answer for name, answer in _of_launch(recognised).items() if name not in properties
    }
    properties |= _of_reach(recognised.settings, properties)
    properties["workload_id"] = known(launch.resource_id or None)
    if "sources" in owner.properties:
        properties["sources"] = properties.get("supply.model", known()).mapped(_sources)
    draft = _Draft(resource_id, owner, scope, launch.file)
    for name in owner.properties:
        if name in properties:
            draft.put(name, properties[name])
    secrets = _secrets(recognised.settings)
    if draft.properties.get("access.default_credentials") is True:
        # That everybody knows its password is said once.
        secrets = [item for item in secrets if item["kind"] != "default-password"]
    draft.properties["secrets"] = secrets
    draft.put_flaws(recognised)
    return Resource(
        id=resource_id,
        type=owner.name,
        provider="serving",
        scope=scope.name,
        name=launch.name or launch.file,
        properties=draft.properties,
        unread=draft.unread,
        origin=_origin(launch),
        places=draft.places,
        is_template=launch.kind in TEMPLATE_KINDS,
    )


def _sources(model: Any) -> list[dict[str, str]]:
    """Give where a model lies, when it is named by the address of a store."""
    scheme, is_address, rest = str(model or "").partition("://")
    if not is_address or scheme not in _STORES or not rest:
        return []
    # Triton writes s3://https://HOST:PORT/BUCKET for a store that is not Amazon's.
    parts = rest.removeprefix("https://").removeprefix("http://").split("/")
    name = "/".join(parts[:2]) if scheme == "az" else parts[0]
    return [{"uri": f"{scheme}://{rest}", "store": f"{scheme}://{name}"}]


def _origin(launch: Launch) -> Origin:
    if launch.origin == "live":
        return Origin()
    return Origin(kind="iac", file=launch.file, line=max(1, launch.line), column=launch.column)


class _Draft:
    """Properties of one server while they are gathered."""

    def __init__(self, resource_id: str, owner: Type, scope: CodeScope, file: str) -> None:
        self._id, self._owner, self._scope, self._file = resource_id, owner, scope, file
        self.properties: dict[str, Any] = {}
        self.unread: dict[str, tuple[str, ...]] = {}
        self.places: dict[str, str] = {}

    def put(self, name: str, answer: SettingValue) -> None:
        place = place_of(answer, self._file)
        if place:
            self.places[name] = place
        if answer.why:
            self.unread[name] = (note_unknown(self._scope, self._id, name, answer.why),)
        else:
            self.properties[name] = _shaped(answer.value, self._owner.properties[name].kind)

    def put_flaws(self, recognised: Recognised) -> None:
        version, advisories = recognised.settings.version, shipped_advisories()
        name = recognised.product.advisories or recognised.product.type.partition(".")[2]
        flaws = known_flaws(name, version, advisories)
        self.properties["supply.has_advisories"] = product_of(name, advisories) is not None
        if isinstance(flaws, UnknownVersion):
            self.put("supply.vulnerabilities", unknown(flaws.why))
        else:
            self.properties["supply.vulnerabilities"] = [flaw.shown() for flaw in flaws]
        if version:
            self.properties["supply.version"] = version
        else:
            self.put("supply.version", unknown("neither image nor package says a version"))


def _shaped(value: Any, kind: Kind) -> Any:
    if value is None or isinstance(value, bool):
        return value
    match kind:
        case Kind.STRING:
            return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        case Kind.STRINGS:
            return (
                [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
            )
        case _:
            return value


def _of_launch(recognised: Recognised) -> dict[str, SettingValue]:
    launch = recognised.settings.launch
    image = launch.image
    is_pod = launch.kind not in DECLARED_KINDS
    launch_facts: dict[str, SettingValue] = {
        "launched_by": known("kubernetes" if is_pod else launch.kind)
    }
    launch_facts["image"] = _image(image)
    launch_facts["supply.image_pinned"] = _of_address(recognised, _is_pinned)
    launch_facts["supply.image_latest"] = _of_address(recognised, _is_latest)
    if is_pod:
        # The workload's own rules judge what its pod may do.
        rights = (
            "access.root", "access.privileged", "access.host_socket", "supply.image_pinned",
            "supply.image_latest",
        )  # fmt: skip
        return launch_facts | dict.fromkeys(rights, known())
    launch_facts["access.root"] = _root(recognised)
    traits = launch.traits
    for name, trait in (
        ("access.privileged", "privileged"),
        ("access.host_socket", "docker_socket"),
    ):
        node = traits.get(trait)
        if node is None:
            launch_facts[name] = NO
        elif isinstance(node.value, bool):
            launch_facts[name] = SettingValue(value=node.value, place=node)
        else:
            why = getattr(node.value, "why", "neither true nor false")
            launch_facts[name] = unknown(why, SettingValue(place=node))
    return launch_facts


def _image(image: Node | None) -> SettingValue:
    if image is None:
        return known(None)
    if isinstance(image.value, str):
        return SettingValue(value=image.value, place=image)
    return unknown(getattr(image.value, "why", "not known"), SettingValue(place=image))


def _of_address(recognised: Recognised, says: Callable[[str], bool]) -> SettingValue:
    launch = recognised.settings.launch
    if launch.image is None or launch.bases:
        return known(None)  # what it builds itself is pinned, or not, in its Dockerfile
    image = _image(launch.image)
    if image.is_known and not is_image_reference(image.value):
        return unknown("what stands there is no address of an image", image)
    return image.mapped(lambda value: says(str(value)))


def _is_pinned(image: str) -> bool:
    return image_digest(image) is not None


def _is_latest(image: str) -> bool:
    return not _is_pinned(image) and image_tag(image) in _FOLLOWS_THE_NEWEST


def _root(recognised: Recognised) -> SettingValue:
    launch, product = recognised.settings.launch, recognised.product
    if launch.kind not in _CONTAINERS:
        if launch.kind == "unit" and launch.user:
            return known(launch.user in ("root", "0"))
        return unknown("which user starts it is not known")
    place = SettingValue(place=launch.traits.get("user"))
    if launch.user == "?":
        return unknown("which user it runs as is not known", place)
    if launch.user:
        is_root = launch.user.partition(":")[0] in ("root", "0")
        return known(is_root, place)
    if recognised.image is not None and product.image_user:
        return known(product.image_user == "root")
    is_root_base = is_root_user("", launch.bases)
    if is_root_base is None:
        return unknown("no user is set, and which one the image starts as is not known")
    return known(is_root_base)


def _of_reach(
    settings: Settings, settings_read: dict[str, SettingValue]
) -> dict[str, SettingValue]:
    bind = settings_read.get("bind", unknown("where it listens is not known"))
    port = settings_read.get("port", known(""))
    reach = settings_read.get("exposure.reach") or reach_of(settings.launch, bind, port)
    # What leads from outside to a pod is an entry point of its own, and is judged as that.
    near = (
        ConnectionSource.HOST.value, ConnectionSource.CONTAINERS.value,
        ConnectionSource.CLUSTER.value,
    )  # fmt: skip
    if not reach.is_known:
        public = reach
    elif reach.value in near:
        public = no(reach)
    else:
        public = unknown("how far it can be reached beyond its host, code does not say", reach)
    return {"exposure.reach": reach, "exposure.public": public}


def _secrets(settings: Settings) -> list[dict[str, Any]]:
    result: dict[tuple[str, str], dict[str, Any]] = {}
    for name, node in sorted(settings.env.items()):
        _note(result, name, "environment", node)
    before = ""
    for node in settings.words:
        _note(result, before or "argument", "command", node)
        text = node.value if isinstance(node.value, str) else ""
        before = text.partition("=")[0] if text.startswith("-") else ""
    for file in settings.files:
        for key, node in _leaves(file.root, ""):
            _note(result, key, "file", node)
    return [result[key] for key in sorted(result)]


def _note(items: dict[tuple[str, str], dict[str, Any]], name: str, where: str, node: Node) -> None:
    kind = masked_kind(node.value) if isinstance(node.value, str) else ""
    is_text = where == "file" and isinstance(node.value, str) and "\n" in node.value
    if is_text and kind in VAGUE:
        kind = ""  # a script or a file of its own, in which a name only sounds like one
    if not kind and where == "environment" and isinstance(node.value, str):
        is_plain = is_plain_credential(name, node.value) is Truth.TRUE
        kind = "default-password" if is_plain else ""
    if kind:
        place = f"line {node.line}: " if node.line else ""
        items[where, name] = {
            "name": name,
            "where": where,
            "kind": kind,
            "what": f"{place}{name} contains a plaintext {kind}",
        }


def _leaves(node: Node, path: str) -> list[tuple[str, Node]]:
    if isinstance(node.value, tuple):
        return [
            leaf for n, value in enumerate(node.value) for leaf in _leaves(value, f"{path}[{n}]")
        ]
    if isinstance(node.value, dict):
        return [
            leaf
            for key, value in node.value.items()
            for leaf in _leaves(value, f"{path}.{key}" if path else key)
        ]
    return [(path, node)]


def place_of(answer: SettingValue, file: str) -> str:
    """Give ``file:line:column`` of an answer, "" for a default."""
    node = answer.place
    if node is None or not node.line:
        return ""
    column = f":{node.column}" if node.column else ""
    return f"{answer.file or file}:{node.line}{column}"
