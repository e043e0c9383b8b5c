"""Builds small graphs of assistants and search stores for the tests beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import shipped_vocabulary

SCOPE, REGION = "aws/111122223333", "eu-west-1"
DENIED = make_gap(
    scope=SCOPE, subject=REGION, wanted="bedrock:List", reason=GapReason.DENIED, detail="denied"
)


@cache
def shipped() -> Vocabulary:
    """The vocabulary that ships."""
    return shipped_vocabulary()


def thing(type_name: str, id_: str, /, **properties: Any) -> Resource:
    """One resource; ``__`` in a property's name stands for its dot."""
    held = {key.replace("__", "."): value for key, value in properties.items()}
    return Resource(
        id=id_,
        type=type_name,
        provider="aws",
        scope=SCOPE,
        region=REGION,
        name=id_,
        properties=held,
    )


def unread(resource: Resource, *names: str) -> Resource:
    """The same resource with properties that were denied."""
    kept: Mapping[str, Any] = {k: v for k, v in resource.properties.items() if k not in names}
    return Resource(
        id=resource.id,
        type=resource.type,
        provider="aws",
        scope=SCOPE,
        region=REGION,
        name=resource.name,
        properties=kept,
        unread=dict.fromkeys(names, (DENIED.id,)),
    )


def graph_of(*resources: Resource, denied: tuple[str, ...] = ()) -> Graph:
    """Join the resources; listings named in ``denied`` failed, all others were complete."""
    coverage = tuple(
        TypeCoverage(
            type=name,
            scope=SCOPE,
            region=REGION,
            is_complete=name not in denied,
            gaps=(DENIED.id,) if name in denied else (),
        )
        for name, found in sorted(shipped().types.items())
        if not found.is_concept
    )
    return build_graph(
        shipped(),
        Inventory(resources=resources, gaps=(DENIED,), coverage=coverage_of(coverage)),
        FACTS,
    )
