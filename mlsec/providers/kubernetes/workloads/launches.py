"""Launches of containers, as input to the detection of servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.workloads.kserve import behind_mesh
from mlsec.providers.kubernetes.workloads.workloads import ReadWorkload, named_containers

_WHY = "the value comes from a secret, a config map or a field"
Configs = Mapping[tuple[str, str, str], tuple[KubeObject, ...]]


def launches_of(ran: ReadWorkload, configs: Configs) -> Iterator[Launch]:
    """Give one launch for each long-running container."""
    beside = [n for n in ran.pod.init_containers if n.text("restartPolicy") == "Always"]
    for name, node in named_containers((*ran.pod.containers, *beside)):
        yield _launch(ran, node, name, configs)


def partial_launch(thing: KubeObject, node: Node) -> Launch:
    """Give the launch of a container whose image and command its runtime decides."""
    return Launch(
        id=f"{thing.id}:kserve-container",
        scope=thing.scope,
        name=thing.name,
        kind=thing.kind,
        resource_id=f"{thing.id}!endpoint",
        image=node.get("image"),
        argv=tuple(node.items("args")) or None,
        env=_environment(node, thing, {}),
        env_is_open=True,
        traits=_traits(thing),
        **_place(thing, node),
    )


def _launch(ran: ReadWorkload, node: Node, name: str, configs: Configs) -> Launch:
    thing = ran.thing
    argv = (*node.items("command"), *node.items("args"))
    if ran.pod.rest:
        more = UnknownValue(f"what stands beside its own arguments: {ran.pod.rest}")
        hidden = Node(more, node.line, node.column)
        argv = (*argv, hidden) if node.items("command") else (hidden, *argv)
    user = node.get("securityContext", "runAsUser") or ran.pod.spec.get(
        "securityContext", "runAsUser"
    )
    source = node.get("source")
    return Launch(
        id=f"{ran.resource.id}:{name}",
        scope=thing.scope,
        name=f"{ran.resource.name}:{name}",
        kind=thing.kind,
        resource_id=ran.resource.id,
        image=_image(node.get("image")),
        argv=argv or None,
        is_entry=bool(node.items("command")),
        shell=source if source is not None and isinstance(source.value, str) else None,
        env=_environment(node, thing, configs),
        env_is_open=bool(ran.pod.rest) or not _are_read(node.items("envFrom"), thing, configs),
        ports=tuple(_ports(node)),
        published=tuple(_published(node)),
        files=_mounted(ran, node, configs),
        folder=node.text("workingDir"),
        user=str(user.value) if user is not None and user.value is not None else "",
        traits=_traits(thing),
        **_place(thing, node),
    )


def _traits(thing: KubeObject) -> dict[str, Node]:
    mesh = behind_mesh(thing)
    return {} if mesh is None else {"mesh": mesh}


def _place(thing: KubeObject, node: Node) -> dict[str, Any]:
    if thing.file is None:
        return {"file": "", "line": 0, "column": 0, "origin": "live"}
    return {"file": thing.file.shown, "line": node.line, "column": node.column}


def _environment(node: Node, thing: KubeObject, configs: Configs) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for source in node.items("envFrom"):
        config = _config(source.text("configMapRef", "name"), thing, configs)
        prefix = source.text("prefix")
        if config is not None:
            data = config.node.pairs("data").items()
            nodes |= {f"{prefix}{key}": _filled(value) for key, value in data}
        hidden = UnknownValue(_WHY, is_given=True)
        for key in _keys_of_secret(source, thing, configs) or ():
            nodes[f"{prefix}{key}"] = Node(hidden, source.line, source.column)
    for item in node.items("env"):
        name, value = item.text("name"), item.get("value")
        if not name:
            continue
        nodes[name] = _filled(value) if value is not None else _referred(item, thing, configs)
    return nodes


def _are_read(sources: Iterable[Node], thing: KubeObject, configs: Configs) -> bool:
    """Whether all that sets variables as a whole was read: a config map, or the keys of a secret.

    An optional one that no file declares is left out, as the kubelet does.
    """
    return all(
        _config(source.text("configMapRef", "name"), thing, configs) is not None
        or _keys_of_secret(source, thing, configs) is not None
        or (thing.file is not None and _is_optional(source))
        for source in sources
    )


def _keys_of_secret(source: Node, thing: KubeObject, configs: Configs) -> tuple[str, ...] | None:
    """Give the keys of the secret that sets variables; None where no file declares it."""
    name = source.text("secretRef", "name")
    secret = _config(name, thing, configs, "Secret") if thing.file is not None else None
    if secret is None:
        return None
    return (*secret.node.pairs("data"), *secret.node.pairs("stringData"))


def _is_optional(source: Node) -> bool:
    flags = (source.get(kind, "optional") for kind in ("configMapRef", "secretRef"))
    return any(flag is not None and flag.value is True for flag in flags)


def _filled(node: Node) -> Node:
    """Give a literal value; unknown if a template fills it in."""
    if not isinstance(node.value, str) or "{{" not in node.value:
        return node
    return Node(UnknownValue(f"{node.value[:60]} is filled in elsewhere"), node.line, node.column)


def _image(node: Node | None) -> Node | None:
    """Give an image; unknown if a template fills in its name."""
    if node is None or not isinstance(node.value, str):
        return node
    name = node.value.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return _filled(node) if "{{" in name or "}}" in name else node


def _referred(env: Node, thing: KubeObject, configs: Configs) -> Node:
    ref = env.get("valueFrom", "configMapKeyRef")
    if ref is not None:
        config = _config(ref.text("name"), thing, configs)
        value = config.node.get("data", ref.text("key")) if config is not None else None
        if value is not None:
            return _filled(value)
    # A missing value is empty.
    if env.get("valueFrom") is None:
        return Node("", env.line, env.column)
    # Without it the pod does not start, unless it is optional.
    is_optional = any(node.get("optional") is not None for node in env.pairs("valueFrom").values())
    return Node(UnknownValue(_WHY, is_given=not is_optional), env.line, env.column)


def _config(
    name: str, thing: KubeObject, configs: Configs, kind: str = "ConfigMap"
) -> KubeObject | None:
    """Give the config map or secret that an object means: of several that of its own file.

    Of those elsewhere that differ nobody knows which one is applied.
    """
    given = configs.get((kind, thing.namespace, name), ()) if name else ()
    own = [
        config for config in given if thing.file and config.file and _path(config) == _path(thing)
    ]
    kept = own or given
    return kept[0] if len({_data(config) for config in kept}) == 1 else None


def _path(thing: KubeObject) -> str:
    return thing.file.path if thing.file is not None else ""


def _data(config: KubeObject) -> str:
    parts = (config.node.get(key) for key in ("data", "stringData"))
    return repr([plain(data) for data in parts if data is not None])


def _ports(node: Node) -> Iterator[int]:
    for item in node.items("ports"):
        number = item.get("containerPort")
        if number is not None and isinstance(number.value, int):
            yield number.value


def _published(node: Node) -> Iterator[str]:
    for item in node.items("ports"):
        number = item.get("hostPort")
        if number is not None and isinstance(number.value, int):
            yield f"{item.text('hostIP') or '0.0.0.0'}:{number.value}"  # noqa: S104 - what it means


def _mounted(ran: ReadWorkload, node: Node, configs: Configs) -> dict[str, str]:
    """Give the text of mounted config maps by their path in the container."""
    volumes = {v.text("name"): v.get("configMap") for v in ran.pod.spec.items("volumes")}
    files: dict[str, str] = {}
    for mount in node.items("volumeMounts"):
        source = volumes.get(mount.text("name"))
        path = mount.text("mountPath").rstrip("/")
        config = _config(source.text("name"), ran.thing, configs) if source is not None else None
        if config is None or source is None or not path:
            continue
        paths = {i.text("key"): i.text("path") for i in source.items("items")}
        inner = mount.text("subPath")
        for key, value in config.node.pairs("data").items():
            if not isinstance(value.value, str) or (paths and key not in paths):
                continue
            name = paths.get(key, key)
            if not inner:
                files[f"{path}/{name}"] = value.value
            elif inner == name:
                files[path] = value.value
    return files
