"""What is derived of Vertex AI: which accounts serve, and whether everybody gets an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.answers import any_of
from mlsec.graph.gcp_grants import told
from mlsec.graph.networks import fact
from mlsec.graph.values import Known, Targets, Unread

if TYPE_CHECKING:
    from mlsec.graph.index import Graph


def answers_everybody(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether an endpoint answers somebody who never signed in: by its policy, or by a gateway."""
    ways = (fact(resource, "is_open"), fact(resource, "has_open_door"))
    return told(any_of(ways), resource, graph)


def serving_accounts(resource: Resource, graph: Graph) -> Targets:
    """Find the accounts that an endpoint's models run as: each has its own, or that of its pool."""
    found: dict[str, Resource] = {}
    gaps: set[str] = set()
    own, pools = graph.targets(resource, "own_accounts"), graph.targets(resource, "pools")
    for part in (own, *(graph.targets(pool, "role") for pool in pools.found)):
        found.update((account.id, account) for account in part.found)
        gaps |= set(part.gaps)
    gaps |= set(pools.gaps)
    return Targets(found=tuple(found[key] for key in sorted(found)), gaps=tuple(sorted(gaps)))


VERTEX_FACTS: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "gcp_vertex.answers_everybody": answers_everybody,
}
VERTEX_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_vertex.serving_accounts": serving_accounts,
}
