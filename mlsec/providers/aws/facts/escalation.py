"""The known techniques by which an identity can make itself more powerful, and those open to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.techniques.escalation import Escalation, escalations
from mlsec.graph.techniques.load import shipped_techniques
from mlsec.graph.ternary import NO
from mlsec.providers.aws.facts.technique_words import WORDS

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_NOTHING = Escalation(is_open=NO, undecided=NO, paths=())


def escalation_of(identity: Resource, graph: Graph) -> Escalation:
    """Give what the shipped techniques give an identity; all of a graph are asked at once."""
    return _all(graph).get(identity.id, _NOTHING)


def _all(graph: Graph) -> Mapping[str, Escalation]:
    return graph.memo(
        ("escalations", "aws"), lambda: escalations(WORDS, shipped_techniques(WORDS), graph)
    )
