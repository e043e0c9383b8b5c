"""The read operations that a scan of a cluster may call, with the permission for each."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, KINDS, Kind, ReadAs

DISCOVERY = "discovery"
VERSION = Operation(service=DISCOVERY, name="Version", action="get /version")
CORE = Operation(service=DISCOVERY, name="CoreKinds", action="get /api/v1", items="resources")
GROUPS = Operation(service=DISCOVERY, name="Groups", action="get /apis", items="groups")
KINDS_OF = Operation(service=DISCOVERY, name="Kinds", action="get /apis/*", items="resources")
_PATHS = {VERSION.label: "/version", CORE.label: "/api/v1", GROUPS.label: "/apis"}
CONFIG_MAPS = BY_KIND["", "ConfigMap"]


def listing(kind: Kind) -> Operation:
    """Give the operation that lists a kind."""
    where = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    return Operation(
        service=kind.group or "core",
        name=f"List{kind.kind}",
        action=f"list {where}",
        items="items",
    )


def listed_kinds(*, has_configmaps: bool = False) -> tuple[Kind, ...]:
    """Give the kinds that a scan lists; config maps only on request."""
    listed = tuple(kind for kind in KINDS if kind.is_listed)
    return (*listed, CONFIG_MAPS) if has_configmaps else listed


def table_of(*, has_configmaps: bool = False) -> dict[str, Operation]:
    """Give every operation by its label."""
    operations = [VERSION, CORE, GROUPS, KINDS_OF]
    operations += [listing(kind) for kind in listed_kinds(has_configmaps=has_configmaps)]
    return {operation.label: operation for operation in operations}


def path_of(operation: Operation, params: Mapping[str, str]) -> str:
    """Give the path of a call.

    Raises:
        KeyError: not an operation of the table.
    """
    if operation.label in _PATHS:
        return _PATHS[operation.label]
    if operation.label == KINDS_OF.label:
        return f"/apis/{params['group']}/{params['version']}"
    kind = _BY_LABEL[operation.label]
    base = f"/apis/{kind.group}/{params['version']}" if kind.group else "/api/v1"
    inside = f"/namespaces/{params['namespace']}" if params.get("namespace") else ""
    return f"{base}{inside}/{kind.plural}"


_BY_LABEL = {
    listing(kind).label: kind for kind in KINDS if kind.is_listed or kind.read_as is ReadAs.CONFIG
}
