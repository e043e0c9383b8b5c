"""Whether the graph's rows say what Resource Manager says: one listing of each type is compared.

The graph asks each service at an api-version of its own choice, so a row may lack what a listing
has, and what is lacking would be taken for a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.collect.walk.client import Request
from mlsec.collect.walk.listing import ListingResult
from mlsec.collect.walk.paths import MISSING, dig
from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.client.resource_graph_rows import Index
from mlsec.providers.azure.route import ArmRead
from mlsec.vocabulary.types import Vocabulary

_NOTHING: tuple[Any, ...] = (MISSING, "", [], {})


def paths_read(plans: Iterable[TypePlan], vocabulary: Vocabulary) -> Mapping[str, frozenset[str]]:
    """Give, per type of the graph, the paths into a listing's entry that properties are read at."""
    found: dict[str, set[str]] = {}
    for plan in plans:
        listing, known = plan.listing, vocabulary.types.get(plan.type)
        if not isinstance(listing, ArmRead) or not listing.graph or known is None:
            continue
        paths = found.setdefault(listing.graph, set())
        for wanted in known.properties.values():
            for source in wanted.sources.get("api", ()):
                operation, _, path = source.partition(":")
                if operation == listing.name and path:
                    paths.add(path.partition("[]")[0])
    return {kind: frozenset(paths) for kind, paths in found.items()}


def witness_of(index: Index, listing: ArmRead) -> Request | None:
    """Give the one listing to compare: that of the resource whose id is the first of all."""
    known = index.known(listing.graph)
    if not known:
        return None
    scope, first = min(known)
    params = dict(listing.params)
    for hole in listing.holes:
        params[hole] = "/".join(first.split("/")[:-2])
    return Request(scope=scope, region="", operation=listing, params=params, subject="")


def is_same(
    found: ListingResult, rows: Mapping[str, Mapping[str, Any]], paths: Iterable[str]
) -> bool:
    """Whether every value that Resource Manager gives at these paths stands in the rows too."""
    pairs = [
        (entry, rows[key])
        for entry in found.entries
        if isinstance(entry, dict) and (key := str(entry.get("id", "")).lower()) in rows
    ]
    is_whole = found.gap is None and bool(pairs)
    return is_whole and all(_agree(*pair, path) for path in paths for pair in pairs)


def _agree(entry: Mapping[str, Any], row: Mapping[str, Any], path: str) -> bool:
    theirs, ours = dig(entry, path), dig(row, path)
    if theirs in _NOTHING:
        return True
    if ours is MISSING:
        return False
    if isinstance(theirs, (dict, list)):
        return type(theirs) is type(ours)
    return str(theirs).lower() == str(ours).lower()
