"""Check the graph's rows against Resource Manager: one listing of each type is compared.

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
    """Give, per type of the graph, the paths into a listing's entry that properties use."""
    by_kind: dict[str, set[str]] = {}
    for plan in plans:
        listing, known = plan.listing, vocabulary.types.get(plan.type)
        if not isinstance(listing, ArmRead) or not listing.graph or known is None:
            continue
        paths = by_kind.setdefault(listing.graph, set())
        for wanted in known.properties.values():
            for source in wanted.sources.get("api", ()):
                operation, _, path = source.partition(":")
                if operation == listing.name and path:
                    paths.add(path.partition("[]")[0])
    return {kind: frozenset(paths) for kind, paths in by_kind.items()}


def sample_listing(index: Index, listing: ArmRead) -> Request | None:
    """Give the listing to compare: that of the resource with the lowest id."""
    known = index.known(listing.graph)
    if not known:
        return None
    scope, first = min(known)
    params = dict(listing.params)
    for placeholder in listing.placeholders:
        params[placeholder] = "/".join(first.split("/")[:-2])
    return Request(scope=scope, region="", operation=listing, params=params, subject="")


def is_same(
    listing: ListingResult, rows: Mapping[str, Mapping[str, Any]], paths: Iterable[str]
) -> bool:
    """Whether the rows have every value that Resource Manager gives at these paths."""
    pairs = [
        (entry, rows[key])
        for entry in listing.entries
        if isinstance(entry, dict) and (key := str(entry.get("id", "")).lower()) in rows
    ]
    is_whole = listing.gap is None and bool(pairs)
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
