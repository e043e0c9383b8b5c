"""Where a walk goes, what could not be found out about that, and how the snapshot keeps it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self, TypeVar

import msgspec

from mlsec.collect.run_facts import began_at
from mlsec.collect.walk.item import Scope
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory
from mlsec.snapshot.facts import PLACES, decode_fact, fact_of, key_of
from mlsec.snapshot.store import Snapshot


class CollectedScopes(msgspec.Struct, frozen=True, kw_only=True):
    """Where the walk goes, and what could not be found out about where it should go."""

    scopes: tuple[Scope, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def with_details_of(self, known: Self) -> Self:
        """Give the places with what a provider keeps besides, joined with that of other targets."""
        del known
        return self


S = TypeVar("S", bound=CollectedScopes)


def keep_scopes(snapshot: Snapshot, provider: str, fresh: S) -> None:
    """Add the places of a target to those of the targets before; what hid them is known anew."""
    text = fact_of(snapshot.meta(), provider, PLACES)
    known = decode_fact(text, type(fresh), PLACES) if text else type(fresh)()
    here = {scope.name for scope in fresh.scopes}
    before = tuple(gap for gap in known.gaps if gap.scope not in here)
    write_scopes(snapshot, provider, [msgspec.structs.replace(known, gaps=before), fresh])


def write_scopes(snapshot: Snapshot, provider: str, parts: Sequence[S]) -> None:
    """Write the places of several targets (one at the least) as those of one."""
    scopes: dict[str, Scope] = {}
    gaps: dict[str, Gap] = {}
    joined = parts[0]
    for part in parts:
        for scope in part.scopes:
            before = scopes[scope.name].regions if scope.name in scopes else ()
            regions = tuple(sorted({*before, *scope.regions}))
            scopes[scope.name] = msgspec.structs.replace(scope, regions=regions)
        gaps |= {gap.id: gap for gap in part.gaps}
        joined = part.with_details_of(joined)
    whole = msgspec.structs.replace(
        joined,
        scopes=tuple(scopes[name] for name in sorted(scopes)),
        gaps=tuple(gaps[key] for key in sorted(gaps)),
    )
    snapshot.set_meta(key_of(provider, PLACES), msgspec.json.encode(whole).decode())


def join_scopes(
    snapshot: Snapshot, provider: str, facts: Iterable[Mapping[str, str]], more: S
) -> None:
    """Write the places of several snapshots, by their facts, and ``more`` as those of one.

    Raises:
        MlsecError: the facts of one are damaged.
    """
    texts = [text for fact in facts if (text := fact_of(fact, provider, PLACES))]
    known = [decode_fact(text, type(more), PLACES) for text in texts]
    write_scopes(snapshot, provider, [*known, more])


def stored_scopes(
    snapshot: Snapshot, provider: str, name: str, kind: type[S]
) -> tuple[S, datetime.datetime]:
    """Give the places of a finished collection, and when it began.

    Raises:
        MlsecError: it holds nothing of the provider, or its facts are damaged.
    """
    text = fact_of(snapshot.meta(), provider, PLACES)
    if not text:
        raise MlsecError(f"the snapshot holds nothing of {name}", location=str(snapshot.path))
    try:
        return msgspec.json.decode(text, type=kind), began_at(snapshot)
    except (KeyError, ValueError, RecursionError, msgspec.DecodeError):
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
    known = inventory.coverage
    return msgspec.structs.replace(
        inventory,
        gaps=tuple(gaps[key] for key in sorted(gaps)),
        coverage=coverage_of((*known.rows, *unseen), known.empty),
    )
