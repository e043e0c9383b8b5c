"""The bodies of entities, with what they name put in place of how the CLI lets it be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.azure_ml import kinds
from mlsec.iac.azure_ml.assets import (
    WORKSPACE,
    WORKSPACE_NAME,
    WORKSPACES,
    Read,
    asset_id,
    beside,
    compute_id,
    data_uri,
    filled_in,
)
from mlsec.iac.mapping.declaration import text_of
from mlsec.iac.mapping.partial_text import at

# Bindings in a command are filled in with names of folders when it runs.
_KEPT = frozenset({"command", "args", "description"})
_SERVICES = {
    "ssh": "SSH", "jupyter_lab": "JupyterLab", "tensor_board": "TensorBoard", "vs_code": "VSCode",
}  # fmt: skip
_JOBS = (kinds.JOB, kinds.COMPONENT)


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a document declares; ``given`` is the name that it goes by without one."""

    kind: str
    body: Node
    given: str


def entities(kind: str, root: Node, path: str, stem: str, read: Read) -> Iterator[Entity]:
    """Give what a document declares, and the assets and steps that are written inside of it.

    ``path`` is the file, relative to the target; ``stem`` names what has no name.
    """
    body = filled_in(root, keep=_KEPT)
    writing = _Writing(path, read)
    name = text_of(body.get("name")) or stem
    yield from writing.parts(kind, body, name)
    if kind == kinds.WORKSPACE:
        yield from _outbound_rules(body)
    for step_name, step in body.pairs("jobs").items() if kind in _JOBS else ():
        if step.get("command") is not None or step.pairs("trial"):
            of_parent = {
                key: value
                for key, value in (("compute", _default_compute(body)),)
                if value is not None
            }
            inner = at(step, {**of_parent, **step.pairs()})
            yield from writing.parts(kinds.JOB, inner, f"{name}/{step_name}")


def _default_compute(body: Node) -> Node | None:
    return body.get("settings", "default_compute") or body.get("compute")


def _outbound_rules(body: Node) -> Iterator[Entity]:
    parent = {"id": Node(f"{WORKSPACES}/{text_of(body.get('name'))}")}
    for rule in body.items("managed_network", "outbound_rules"):
        if rule.pairs():
            yield Entity(
                kind="outboundRule", body=at(rule, {**rule.pairs(), "parent": Node(parent)}),
                given=rule.text("name"),
            )  # fmt: skip


class _Writing:
    """One file: where what it names is looked for."""

    def __init__(self, path: str, read: Read) -> None:
        self._path, self._read = path, read

    def parts(self, kind: str, body: Node, name: str) -> Iterator[Entity]:
        """Give one entity, then the environment and model that are written in it."""
        made = self._body(kind, body)
        yield Entity(kind=kind, body=made, given=name)
        for holder in (body, body.get("trial")) if kind in _JOBS else (body,):
            for inner in (kinds.ENVIRONMENT, kinds.MODEL):
                asset = holder.get(inner) if holder is not None else None
                if asset is not None and asset.pairs() and kind != inner:
                    yield Entity(kind=inner, body=self._asset(inner, asset), given=name)

    def _asset(self, kind: str, asset: Node) -> Node:
        return self._body(kind, asset)

    def _body(self, kind: str, body: Node) -> Node:
        added: dict[str, Node] = {"parent": self._parent(kind, body)}
        for key in ("environment", "model"):
            named = body.get(key)
            if named is not None and named.value is not None:
                added[f"{key}_id"] = self._asset_of(named, key)
        trial = body.get("trial", "environment")
        if trial is not None:
            added["environment_id"] = self._asset_of(trial, "environment")
        for key in ("compute", "default_compute"):
            named = body.get(key)
            if named is not None and not named.pairs():
                added["compute_id"] = compute_id(named)
        added |= self._more(kind, body)
        return at(body, {**body.pairs(), **added})

    def _asset_of(self, named: Node, kind: str) -> Node:
        return asset_id(named, kind, self._path, self._read)

    def _parent(self, kind: str, body: Node) -> Node:
        names = {
            kinds.ONLINE_DEPLOYMENT: "onlineEndpoints", kinds.BATCH_DEPLOYMENT: "batchEndpoints",
        }  # fmt: skip
        if kind in names:
            endpoint = text_of(body.get("endpoint_name"))
            name = endpoint.removeprefix("azureml:") or "‹endpoint›"
            return Node({"id": Node(f"{WORKSPACE}/{names[kind]}/{name}"), "name": Node(name),
                         "parent": _workspace()})  # fmt: skip
        return _workspace()

    def _more(self, kind: str, body: Node) -> dict[str, Node]:
        match kind:
            case kinds.ENVIRONMENT:
                return self._conda(body)
            case kinds.ONLINE_DEPLOYMENT:
                return _collections(body)
            case kinds.JOB:
                return self._job(body)
            case kinds.COMPONENT:
                return {**self._job(body), "collection": Node("components")}
            case kinds.DATASTORE:
                return {"credentials_type": _credentials(body)}
            case kinds.CONNECTION:
                return {"credentials_kind": _connection_kind(body)}
            case kinds.SCHEDULE:
                return _monitored(body)
            case kinds.MODEL | kinds.DATA:
                path = body.get("path")
                return {} if path is None else {"uri": data_uri(path, self._path, self._read)}
        return {}

    def _conda(self, body: Node) -> dict[str, Node]:
        node = body.get("conda_file")
        if node is None or isinstance(node.value, UnknownValue) or node.value is None:
            return {}
        if isinstance(node.value, str):
            other = self._read(beside(self._path, node.value))
            if other is None:
                hidden = UnknownValue(f"{node.value} is not in this target", is_given=True)
                return {"conda_text": at(node, hidden)}
            return {"conda_text": at(node, "\n".join(_lines(other)))}
        return {"conda_text": at(node, "\n".join(_lines(node)))}

    def _job(self, body: Node) -> dict[str, Node]:
        added: dict[str, Node] = {}
        services = {
            name: at(item, {**item.pairs(), "jobServiceType": _service(item)})
            for name, item in body.pairs("services").items()
        }
        if services:
            added["services"] = at(body.get("services") or body, services)
        for key in ("inputs", "outputs"):
            named = body.get(key)
            if named is not None and isinstance(named.value, Mapping):
                added[key] = at(named, {k: self._port(v) for k, v in named.value.items()})
        return added

    def _port(self, node: Node) -> Node:
        if isinstance(node.value, UnknownValue):
            # A binding to an input of the pipeline: what stands there is judged there.
            return at(node, {"jobInputType": Node("literal")})
        path = node.get("path")
        if path is None or not isinstance(node.value, Mapping):
            return at(node, {"jobInputType": Node("literal")})
        uri = data_uri(path, self._path, self._read)
        return at(node, {"jobInputType": node.get("type") or Node("uri_folder"), "uri": uri})


def _workspace() -> Node:
    return Node({"id": Node(WORKSPACE), "name": Node(WORKSPACE_NAME)})


def _service(item: Node) -> Node:
    node = item.get("type") or item.get("job_service_type")
    word = text_of(node).lower()
    return at(node or item, _SERVICES.get(word, text_of(node)))


def _collections(body: Node) -> dict[str, Node]:
    """Give what is collected as the service lists it; the sampling rate is one for all."""
    named = body.get("data_collector", "collections")
    if named is None or not isinstance(named.value, Mapping):
        return {}
    rate = body.get("data_collector", "sampling_rate")
    made = {}
    for name, item in named.value.items():
        enabled = item.get("enabled")
        is_on = text_of(enabled).lower() == "true"
        fields = {"dataCollectionMode": at(enabled or item, "Enabled" if is_on else "Disabled")}
        if rate is not None:
            fields["samplingRate"] = rate
        made[name] = at(item, fields)
    return {"collected": at(named, made)}


def _credentials(body: Node) -> Node:
    node = body.get("credentials")
    if node is None or not node.pairs():
        return Node("None")
    words = {
        "account_key": "AccountKey", "sas_token": "Sas", "certificate": "Certificate",
        "thumbprint": "Certificate", "client_secret": "ServicePrincipal",
        "client_id": "ServicePrincipal",
    }  # fmt: skip
    kind = next((word for key, word in words.items() if key in node.pairs()), "None")
    return at(node, kind)


def _connection_kind(body: Node) -> Node:
    """Give the word for how a connection signs in; one of Azure's own without a key signs in so."""
    node, kind = body.get("credentials", "type"), text_of(body.get("type")).lower()
    if kind == "custom":
        return at(body.get("credentials") or body, "custom")
    if node is not None:
        return node
    if body.get("api_key") is not None or body.get("credentials", "key") is not None:
        return at(body.get("api_key") or body, "api_key")
    return Node("aad" if kind.startswith("azure_") else "none")


def _monitored(body: Node) -> dict[str, Node]:
    """Give the deployment that a monitor is about, which is named ``azureml:endpoint:name``."""
    node = body.get("create_monitor", "monitoring_target", "endpoint_deployment_id")
    endpoint, _, name = text_of(node).removeprefix("azureml:").partition(":")
    if node is None or not name or isinstance(node.value, UnknownValue):
        return {} if node is None else {"deployment_id": node}
    identity = f"{WORKSPACE}/onlineEndpoints/{endpoint}/deployments/{name}"
    return {"deployment_id": at(node, identity)}


def _lines(node: Node) -> Iterator[str]:
    """Give every text of a conda file, one a line: what its packages are installed from."""
    if isinstance(node.value, Mapping):
        for key, item in node.value.items():
            yield key
            yield from _lines(item)
    elif isinstance(node.value, tuple):
        for item in node.value:
            yield from _lines(item)
    elif isinstance(node.value, str):
        yield node.value
