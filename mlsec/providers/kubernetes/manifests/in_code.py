"""Kubernetes objects that Terraform applies, as those of a manifest."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeScope
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.enums import GapReason
from mlsec.providers.kubernetes.objects.objects import KubeObject, group_of
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs

_GUARDS = (ReadAs.NETWORK_POLICY, ReadAs.OTHER_POLICY, ReadAs.MESH_POLICY)


# What guards pods of its own namespace: where that is not known, it is not known to guard any.
_POLICIES = {key for key, kind in BY_KIND.items() if kind.read_as in _GUARDS}


def declared_objects(scope: CodeScope) -> Iterator[KubeObject]:
    """Give the objects that other code than manifests declares; each is at its own line."""
    taken: dict[str, int] = {}
    for declared in scope.objects:
        node = declared.node
        kind, group = node.text("kind"), group_of(node.text("apiVersion"))
        name = node.text("metadata", "name") or f"unnamed {kind}"
        taken[declared.id] = taken.get(declared.id, 0) + 1
        count = taken[declared.id]
        thing = KubeObject(
            id=f"{declared.id}~{count}" if count > 1 else declared.id,
            scope=scope.name,
            group=group,
            kind=kind,
            namespace=_namespace(node, is_policy=(group, kind) in _POLICIES),
            name=name,
            node=node,
            stack=declared.stack if declared.scenario else "",
            scenario=declared.scenario,
            file=declared.file,
        )
        if (group, kind) not in BY_KIND:
            detail = f"nothing reads {thing.label}, but for pods that it holds"
            scope.doubt(declared.file, detail, reason=GapReason.UNSUPPORTED, line=declared.line)
        yield thing


def _namespace(node: Node, *, is_policy: bool) -> str:
    written = node.get("metadata", "namespace")
    if is_policy and written is not None and isinstance(written.value, UnknownValue):
        return written.value.text or "‹namespace›"
    return node.text("metadata", "namespace")
