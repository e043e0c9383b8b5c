"""Build the resources of one scope, with unique ids, gaps and coverage counts."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.code.launch import TEMPLATE_KINDS
from mlsec.collect.located.located import Node
from mlsec.collect.tally import Tally
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Origin, Resource
from mlsec.providers.kubernetes.objects.located_mapping import Hidden, Mapped, Shapes, map_node
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.guards import GUARD_SHAPES
from mlsec.providers.kubernetes.shapes.network_policies import NETPOL_SHAPES
from mlsec.providers.kubernetes.shapes.networks import NETWORK_SHAPES
from mlsec.providers.kubernetes.shapes.policies import POLICY_SHAPES
from mlsec.providers.kubernetes.shapes.table import VALUE_SHAPES
from mlsec.vocabulary.types import Vocabulary

PROVIDER = "kubernetes"
OPERATION = "Object"
SHAPES: Shapes = {
    **VALUE_SHAPES, **NETWORK_SHAPES, **NETPOL_SHAPES, **POLICY_SHAPES, **GUARD_SHAPES,
}  # fmt: skip


class ResourceBuilder:
    """Collects the resources of one scope (a folder of manifests, or a cluster)."""

    def __init__(self, scope: str, vocabulary: Vocabulary, tally: Tally) -> None:
        self.scope, self.vocabulary, self.tally = scope, vocabulary, tally
        self.resources: list[Resource] = []

    def add(
        self,
        type_name: str,
        thing: KubeObject,
        views: Mapping[str, Node],
        *,
        id: str = "",  # noqa: A002 - the resource's own word
        name: str = "",
        at: Node | None = None,
        missing: str = "",
        hidden: Mapping[str, Hidden] | None = None,
    ) -> Resource:
        """Add one resource and count it; ``at`` is its location for reviewers."""
        mapped = map_node(self.vocabulary.types[type_name], views, SHAPES, missing)
        mapped.hidden.update(hidden or {})
        resource_id = id or thing.id
        resource = Resource(
            id=resource_id,
            type=type_name,
            provider=PROVIDER,
            scope=self.scope,
            region="",
            name=name or thing.name,
            properties={k: v for k, v in mapped.properties.items() if k not in mapped.hidden},
            unread={n: (self._gap(thing, resource_id, n, h),) for n, h in mapped.hidden.items()},
            tags=dict(thing.labels),
            origin=_origin(thing, at or thing.node),
            sources={OPERATION: thing.call} if thing.call else {},
            places=_places(thing.file, mapped),
            is_template=thing.kind in TEMPLATE_KINDS,
        )
        self.resources.append(resource)
        self.tally.add((type_name, self.scope, ""), assessed=1)
        return resource

    def _gap(self, thing: KubeObject, subject: str, wanted: str, hidden: Hidden) -> str:
        where = f"{thing.file.shown}:{hidden.line}: " if thing.file and hidden.line else ""
        gap = make_gap(
            scope=self.scope,
            subject=subject,
            wanted="what is not written there" if hidden.is_shared else wanted,
            reason=hidden.reason,
            detail=f"{where}{hidden.why}",
        )
        self.tally.gaps[gap.id] = gap
        return gap.id


def hidden_by(why: str, reason: GapReason = GapReason.UNRESOLVED) -> Hidden:
    """Give the cause of an unknown property."""
    return Hidden(why=why, reason=reason, is_shared=True)


def _origin(thing: KubeObject, node: Node) -> Origin:
    if thing.file is None:
        return Origin()
    return Origin(
        kind="iac",
        file=node.file or thing.file.shown,
        line=max(1, node.line),
        column=node.column,
        stack=thing.stack,
        scenario=thing.scenario,
    )


def _places(file: CodeFile | None, mapped: Mapped) -> dict[str, str]:
    """Give the location of each property, as in ``Resource``."""
    if file is None:
        return {}
    return {
        name: f"{elsewhere or file.shown}:{line}:{column}"
        for name, (line, column, elsewhere) in mapped.places.items()
    }
