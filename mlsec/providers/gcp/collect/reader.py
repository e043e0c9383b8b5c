"""Google Cloud from snapshot to inventory, and the walk that collection and reading share."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import msgspec

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.walk import WalkSettings, walk
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, TypeCoverage
from mlsec.providers.gcp.client.asset_inventory import AssetInventoryClient
from mlsec.providers.gcp.shapes.table import SHAPES
from mlsec.providers.gcp.tables import LIST_LOCATIONS, plans, routes
from mlsec.snapshot.facts import PLACES, fact_of
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

PROVIDER = "gcp"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the walk goes, and what could not be found out about where it should go.

    ``numbers`` maps project numbers to ids; ``parents`` a scope to what its inventory is asked of
    (``organizations/123``) where that is not the project itself.
    """

    scopes: tuple[Scope, ...] = ()
    gaps: tuple[Gap, ...] = ()
    numbers: Mapping[str, str] = msgspec.field(default_factory=dict)
    parents: Mapping[str, str] = msgspec.field(default_factory=dict)


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what a snapshot says, by walking it as Google Cloud was walked.

    Raises:
        MlsecError: it holds nothing of Google Cloud, or its facts are damaged.
    """
    meta, clock = snapshot.meta(), snapshot.clock()
    stored_places = fact_of(meta, PROVIDER, PLACES)
    if not stored_places:
        raise MlsecError("the snapshot holds nothing of Google Cloud", location=str(snapshot.path))
    try:
        places = msgspec.json.decode(stored_places, type=Places)
        began_at = datetime.datetime.fromisoformat(clock["started_at"])
    except (KeyError, ValueError, msgspec.DecodeError):
        raise MlsecError(
            "the snapshot does not say where or when it was taken", location=str(snapshot.path)
        ) from None
    inventory = walk_gcp(SnapshotClient(snapshot), vocabulary, places, began_at, None)
    gaps = {gap.id: gap for gap in (*inventory.gaps, *places.gaps)}
    coverage = (*inventory.coverage, *_unseen(places, vocabulary))
    return msgspec.structs.replace(
        inventory,
        gaps=tuple(gaps[key] for key in sorted(gaps)),
        coverage=tuple(sorted(coverage, key=lambda row: (row.type, row.scope, row.region))),
    )


def walk_gcp(
    client: Client,
    vocabulary: Vocabulary,
    places: Places,
    began_at: datetime.datetime,
    progress: Progress | None,
) -> Inventory:
    """Walk all plans whose type the vocabulary has."""
    known = tuple(plan for plan in plans() if plan.type in vocabulary.types)
    settings = WalkSettings(plans=known, shapes=SHAPES, began_at=began_at, progress=progress)
    anywhere = frozenset(s.name for s in places.scopes if s.regions == ("",))
    over = AssetInventoryClient(client, routes(), places.numbers, places.parents, anywhere)
    return walk(over, vocabulary, places.scopes, settings)


def _unseen(places: Places, vocabulary: Vocabulary) -> list[TypeCoverage]:
    """Say of every type that it was not seen where we could not go: a project, other locations."""
    walked = {scope.name for scope in places.scopes}
    hidden: dict[tuple[str, str], list[str]] = {}
    for gap in places.gaps:
        is_of_places = gap.wanted == LIST_LOCATIONS.label
        elsewhere = "other locations" if is_of_places else "other projects"
        region = elsewhere if gap.scope in walked else ""
        hidden.setdefault((gap.scope, region), []).append(gap.id)
    return [
        TypeCoverage(
            type=name, scope=scope, region=region, is_complete=False, gaps=tuple(sorted(ids))
        )
        for (scope, region), ids in sorted(hidden.items())
        for name in sorted({plan.type for plan in plans()} & vocabulary.types.keys())
    ]
