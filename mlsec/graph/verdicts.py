"""From a three-valued answer to a derived fact, with a gap for everything that hides it."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.graph import Graph
from mlsec.graph.ternary import Answer


def verdict(answer: Answer, resource: Resource, graph: Graph) -> Known | Unknown:
    """Turn an answer into a derived fact; what was not understood becomes a gap."""
    if answer.truth is Truth.UNKNOWN:
        return Unknown(tuple(sorted(as_gaps(answer.because, resource, graph))))
    return Known(answer.truth is Truth.TRUE)


def as_gaps(because: Iterable[str], resource: Resource, graph: Graph) -> set[str]:
    """Give gap ids for the reasons of an unknown answer."""
    return {_not_understood(r, resource, graph) if r.startswith("?") else r for r in because}


def _not_understood(reason: str, resource: Resource, graph: Graph) -> str:
    key = reason[1:]
    return graph.note_gap(
        make_gap(
            scope=resource.scope,
            subject=resource.id,
            wanted=f"condition {key}",
            reason=GapReason.UNSUPPORTED,
            detail=f"a policy depends on {key}, which is not interpreted",
        )
    )
