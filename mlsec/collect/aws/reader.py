"""AWS from snapshot to inventory, and the walk that collection and reading share; needs no SDK."""

from __future__ import annotations

import datetime

import msgspec

from mlsec.collect.asker import Asker, StoredAsker
from mlsec.collect.aws.services import SERVICES
from mlsec.collect.aws.shapes import SHAPES
from mlsec.collect.aws.tables import TAGGING
from mlsec.collect.item import Scope
from mlsec.collect.plan import TypePlan
from mlsec.collect.settings import Progress
from mlsec.collect.walk import WalkSettings, walk
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, TypeCoverage
from mlsec.core.vocabulary import Vocabulary
from mlsec.snapshot.store import Snapshot


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the walk goes, and what could not be found out about where it should go."""

    scopes: tuple[Scope, ...] = ()
    gaps: tuple[Gap, ...] = ()


def plans() -> tuple[TypePlan, ...]:
    """Give the plans of all services, in the order of the table."""
    return tuple(plan for group in SERVICES.values() for plan in group)


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what a snapshot says, by walking it as AWS was walked.

    Raises:
        MlsecError: it holds nothing of AWS, or its facts are damaged.
    """
    meta, clock = snapshot.meta(), snapshot.clock()
    if "places" not in meta:
        raise MlsecError("the snapshot holds nothing of AWS", location=str(snapshot.path))
    try:
        places = msgspec.json.decode(meta["places"], type=Places)
        began_at = datetime.datetime.fromisoformat(clock["started_at"])
    except (KeyError, ValueError, msgspec.DecodeError):
        raise MlsecError(
            "the snapshot does not say where or when it was taken", location=str(snapshot.path)
        ) from None
    inventory = walk_aws(StoredAsker(snapshot), vocabulary, places, began_at, None)
    gaps = {gap.id: gap for gap in (*inventory.gaps, *places.gaps)}
    coverage = (*inventory.coverage, *_unseen(places, vocabulary))
    return msgspec.structs.replace(
        inventory,
        gaps=tuple(gaps[key] for key in sorted(gaps)),
        coverage=tuple(sorted(coverage, key=lambda row: (row.type, row.scope, row.region))),
    )


def _unseen(places: Places, vocabulary: Vocabulary) -> list[TypeCoverage]:
    """Say of every type that it was not seen where we could not go: an account, other regions."""
    walked = {scope.name for scope in places.scopes}
    hidden: dict[tuple[str, str], list[str]] = {}
    for gap in places.gaps:
        is_organisation = gap.wanted.startswith("organizations:")
        elsewhere = "other accounts" if is_organisation else "other regions"
        region = elsewhere if gap.scope in walked else ""
        hidden.setdefault((gap.scope, region), []).append(gap.id)
    return [
        TypeCoverage(
            type=name, scope=scope, region=region, is_complete=False, gaps=tuple(sorted(ids))
        )
        for (scope, region), ids in sorted(hidden.items())
        for name in sorted({plan.type for plan in plans()} & vocabulary.types.keys())
    ]


def walk_aws(
    asker: Asker,
    vocabulary: Vocabulary,
    places: Places,
    began_at: datetime.datetime,
    progress: Progress | None,
) -> Inventory:
    """Walk all plans whose type the vocabulary has."""
    known = tuple(plan for plan in plans() if plan.type in vocabulary.types)
    settings = WalkSettings(
        plans=known, shapes=SHAPES, tagging=TAGGING, began_at=began_at, progress=progress
    )
    return walk(asker, vocabulary, places.scopes, settings)
