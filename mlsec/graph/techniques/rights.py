"""The rights of the techniques that are followed in a graph, for facts that look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlsec.graph.techniques.technique import Technique, questions_in

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def note_rights(cloud: str, techniques: Iterable[Technique], graph: Graph) -> None:
    """Remember the rights of each technique, before it is followed."""
    rights = frozenset(
        frozenset(q.label.lower() for q in questions_in(technique.needs) if q.label)
        for technique in techniques
    )
    graph.memo((_NAME, cloud), lambda: rights)


def rights_followed(cloud: str, graph: Graph) -> frozenset[frozenset[str]]:
    """Give the rights of each technique (lower case); none where none is followed."""
    return graph.memo((_NAME, cloud), frozenset[frozenset[str]])


_NAME = "rights of techniques"
