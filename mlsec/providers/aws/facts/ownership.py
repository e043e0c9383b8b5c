"""Which storage that a resource uses is not the account's own: somebody else's, or gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def elsewhere(relation: str) -> Callable[[Resource, Graph], Known | Unknown]:
    """Make the fact that names the relation's targets outside the resource's own scope.

    A target that was not found is elsewhere only when the scope's own were all listed; names of
    storage are unique over all accounts, so what is not ours belongs to others or to nobody.
    """

    def name_them(resource: Resource, graph: Graph) -> Known | Unknown:
        reached = graph.targets(resource, relation)
        targets = [target for target in reached.resources if target.is_stub]
        gaps = {*reached.gaps}
        for target in targets:
            gaps.update(graph.incomplete(target.type, resource.scope, ""))
        if gaps:
            return Unknown(tuple(sorted(gaps)))
        others = [target for target in reached.resources if target.scope != resource.scope]
        return Known(sorted({target.name for target in (*targets, *others)}))

    return name_them


OWNERSHIP: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "ownership.external_artifact_buckets": elsewhere("artifact_buckets"),
    "ownership.external_input_buckets": elsewhere("input_buckets"),
    "ownership.external_output_buckets": elsewhere("output_buckets"),
}
