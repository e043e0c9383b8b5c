"""Where a walk goes, what could not be found out about that, and how the snapshot keeps it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

import msgspec

from mlsec.collect.walk.item import Scope
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, TypeCoverage
from mlsec.snapshot.store import Snapshot


class CollectedScopes(msgspec.Struct, frozen=True, kw_only=True):
    """Where the walk goes, and what could not be found out about where it should go."""

    scopes: tuple[Scope, ...] = ()
    gaps: tuple[Gap, ...] = ()


def join(known: CollectedScopes, fresh: CollectedScopes) -> CollectedScopes:
    """Give the places of two targets together; what was not known of a scope is known anew."""
    scopes = {scope.name: scope for scope in known.scopes}
    for scope in fresh.scopes:
        before = scopes[scope.name].regions if scope.name in scopes else ()
        regions = tuple(sorted({*before, *scope.regions}))
        scopes[scope.name] = msgspec.structs.replace(scope, regions=regions)
    here = {scope.name for scope in fresh.scopes}
    gaps = {gap.id: gap for gap in known.gaps if gap.scope not in here}
    gaps |= {gap.id: gap for gap in fresh.gaps}
    return CollectedScopes(
        scopes=tuple(scopes[name] for name in sorted(scopes)),
        gaps=tuple(gaps[key] for key in sorted(gaps)),
    )


def decode(text: str) -> CollectedScopes:
    """Read stored places, "" for none."""
    return msgspec.json.decode(text, type=CollectedScopes) if text else CollectedScopes()


def encode(places: CollectedScopes) -> str:
    """Write places for the snapshot."""
    return msgspec.json.encode(places).decode()


def stored(snapshot: Snapshot, text: str) -> tuple[CollectedScopes, datetime.datetime]:
    """Give the places of a finished collection, and when it began.

    Raises:
        MlsecError: the facts are damaged.
    """
    try:
        began_at = datetime.datetime.fromisoformat(snapshot.clock()["started_at"])
        return decode(text), began_at
    except (KeyError, ValueError, msgspec.DecodeError):
        raise MlsecError(
            "the snapshot does not say where or when it was taken", location=str(snapshot.path)
        ) from None


def with_unseen(
    inventory: Inventory,
    places: CollectedScopes,
    types: Iterable[str],
    region_of: Callable[[Gap], str],
) -> Inventory:
    """Say of every type that it was not seen where we could not go.

    ``region_of`` gives what of a scope was not seen ("" for all of it) by the gap that hides it.
    """
    names = sorted(types)
    hidden: dict[tuple[str, str], list[str]] = {}
    for gap in places.gaps:
        hidden.setdefault((gap.scope, region_of(gap)), []).append(gap.id)
    unseen = [
        TypeCoverage(
            type=name, scope=scope, region=region, is_complete=False, gaps=tuple(sorted(ids))
        )
        for (scope, region), ids in sorted(hidden.items())
        for name in names
    ]
    gaps = {gap.id: gap for gap in (*inventory.gaps, *places.gaps)}
    coverage = (*inventory.coverage, *unseen)
    return msgspec.structs.replace(
        inventory,
        gaps=tuple(gaps[key] for key in sorted(gaps)),
        coverage=tuple(sorted(coverage, key=lambda row: (row.type, row.scope, row.region))),
    )
