"""Google Cloud from snapshot to inventory, and the walk that collection and reading share."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from mlsec.collect.run_facts import set_settings
from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.collect.walk.scopes import (
    CollectedScopes,
    join_scopes,
    stored_scopes,
    with_unseen,
)
from mlsec.collect.walk.walk import walk
from mlsec.collect.walk.walk_settings import WalkSettings
from mlsec.core.resource import Gap, Inventory
from mlsec.providers.gcp.client.asset_inventory import AssetInventoryClient
from mlsec.providers.gcp.shapes.table import SHAPES
from mlsec.providers.gcp.tables import (
    DISCOVERY,
    LIST_ASSETS,
    LIST_LOCATIONS,
    plans,
    routes,
    table_of,
)
from mlsec.snapshot.facts import SETTINGS, decode_fact, fact_of
from mlsec.snapshot.records import CallStatus
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
    places, _ = stored_scopes(snapshot, PROVIDER, "Google Cloud", Places)
    inventory = walk_stored(SnapshotClient(snapshot), snapshot, vocabulary)
    walked = {scope.name for scope in places.scopes}

    def elsewhere(gap: Gap) -> str:
        is_location = gap.wanted == LIST_LOCATIONS.label
        unseen = "other locations" if is_location else "other projects"
        return unseen if gap.scope in walked else ""

    known = {plan.type for plan in plans()} & vocabulary.types.keys()
    return with_unseen(inventory, places, known, elsewhere)


def walk_stored(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Walk the places of a snapshot.

    Raises:
        MlsecError: it holds nothing of Google Cloud, or its facts are damaged.
    """
    places, began_at = stored_scopes(snapshot, PROVIDER, "Google Cloud", Places)
    return walk_gcp(client, vocabulary, places, began_at, None)


def walk_all(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> frozenset[str]:
    """Walk the places of a snapshot, and name the operations that nothing else asks."""
    walk_stored(client, snapshot, vocabulary)
    return frozenset(table_of(plans())) - {operation.label for operation in DISCOVERY}


def join_facts(snapshot: Snapshot, facts: Sequence[Mapping[str, str]], gaps: Sequence[Gap]) -> None:
    """Write where to walk, by the facts of several snapshots; ``gaps`` hide whole scopes.

    Raises:
        MlsecError: those of one are damaged.
    """
    join_scopes(snapshot, PROVIDER, facts, Places(gaps=tuple(gaps)))
    note_inventory(snapshot)


def note_inventory(snapshot: Snapshot) -> None:
    """Write how far the inventory could be used: where it could not, services were asked."""
    asked = [c for c in snapshot.calls() if c.service == LIST_ASSETS.service]
    whole = [c for c in asked if c.status is CallStatus.DONE and not c.reason]
    why = sorted({c.reason or c.status.value for c in asked} - {CallStatus.DONE.value})
    said = f"answered {len(whole)} of {len(asked)} questions" + "".join(f", {w}" for w in why)
    text = fact_of(snapshot.meta(), PROVIDER, SETTINGS) or "{}"
    known = decode_fact(text, dict[str, str], SETTINGS)
    set_settings(snapshot, PROVIDER, {**known, "asset_inventory": said})


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
