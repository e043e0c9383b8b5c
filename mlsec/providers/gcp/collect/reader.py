"""Google Cloud from snapshot to inventory, and the walk that collection and reading share."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Self

import msgspec

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.collect.walk.scopes import CollectedScopes, stored_scopes, with_unseen
from mlsec.collect.walk.walk import WalkSettings, walk
from mlsec.core.resource import Gap, Inventory
from mlsec.providers.gcp.client.asset_inventory import AssetInventoryClient
from mlsec.providers.gcp.shapes.table import SHAPES
from mlsec.providers.gcp.tables import LIST_LOCATIONS, plans, routes
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

PROVIDER = "gcp"


class Places(CollectedScopes, frozen=True, kw_only=True):
    """Where the walk goes, with the names that Google Cloud has for it.

    ``numbers`` maps project numbers to ids; ``parents`` a scope to what its inventory is asked of
    (``organizations/123``) where that is not the project itself.
    """

    numbers: Mapping[str, str] = msgspec.field(default_factory=dict)
    parents: Mapping[str, str] = msgspec.field(default_factory=dict)

    def with_details_of(self, known: Self) -> Self:
        """Join the numbers and parents of several targets."""
        return msgspec.structs.replace(
            self,
            numbers=dict(sorted({**known.numbers, **self.numbers}.items())),
            parents=dict(sorted({**known.parents, **self.parents}.items())),
        )


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what a snapshot says, by walking it as Google Cloud was walked.

    Raises:
        MlsecError: it holds nothing of Google Cloud, or its facts are damaged.
    """
    places, began_at = stored_scopes(snapshot, PROVIDER, "Google Cloud", Places)
    inventory = walk_gcp(SnapshotClient(snapshot), vocabulary, places, began_at, None)
    walked = {scope.name for scope in places.scopes}

    def elsewhere(gap: Gap) -> str:
        is_location = gap.wanted == LIST_LOCATIONS.label
        unseen = "other locations" if is_location else "other projects"
        return unseen if gap.scope in walked else ""

    known = {plan.type for plan in plans()} & vocabulary.types.keys()
    return with_unseen(inventory, places, known, elsewhere)


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
