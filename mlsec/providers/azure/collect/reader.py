"""Read Azure from a snapshot into an inventory; the walk is shared with collection."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.mapping import Canon
from mlsec.collect.walk.plan import TypePlan
from mlsec.collect.walk.scopes import (
    CollectedScopes,
    join_scopes,
    stored_scopes,
    with_unseen,
)
from mlsec.collect.walk.walk import walk
from mlsec.collect.walk.walk_settings import WalkSettings
from mlsec.core.resource import Gap, Inventory
from mlsec.providers.azure.client.resource_graph import ResourceGraphClient, stored_index
from mlsec.providers.azure.services import SERVICES
from mlsec.providers.azure.shapes.table import SHAPES
from mlsec.providers.azure.tables import DISCOVERY, GRAPH, TENANT, table_of
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

PROVIDER = "azure"


def plans() -> tuple[TypePlan, ...]:
    """Give the plans of all services, in the order of the table."""
    return tuple(plan for group in SERVICES.values() for plan in group)


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Read the inventory of a snapshot, by the same walk as in collection.

    Raises:
        MlsecError: it holds nothing of Azure, or its facts are damaged.
    """
    places, _ = stored_scopes(snapshot, PROVIDER, "Azure", CollectedScopes)
    inventory = walk_stored(SnapshotClient(snapshot), snapshot, vocabulary)
    known = {plan.type for plan in plans()} & vocabulary.types.keys()
    return with_unseen(inventory, places, known, _unseen)


def walk_stored(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Walk the places of a snapshot.

    Raises:
        MlsecError: it holds nothing of Azure, or its facts are damaged.
    """
    places, began_at = stored_scopes(snapshot, PROVIDER, "Azure", CollectedScopes)
    index = stored_index(snapshot, client, places.scopes, plans(), vocabulary, began_at)
    return walk_azure(ResourceGraphClient(client, index), vocabulary, places, began_at, None)


def walk_all(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> frozenset[str]:
    """Walk the places of a snapshot, and name the operations that nothing else asks."""
    walk_stored(client, snapshot, vocabulary)
    return frozenset(table_of(plans())) - {operation.label for operation in (*DISCOVERY, GRAPH)}


def join_facts(snapshot: Snapshot, facts: Sequence[Mapping[str, str]], gaps: Sequence[Gap]) -> None:
    """Write where to walk, by the facts of several snapshots; ``gaps`` hide whole scopes.

    Raises:
        MlsecError: those of one are damaged.
    """
    join_scopes(snapshot, PROVIDER, facts, CollectedScopes(gaps=tuple(gaps)))


def walk_azure(
    client: Client,
    vocabulary: Vocabulary,
    places: CollectedScopes,
    began_at: datetime.datetime,
    progress: Progress | None,
) -> Inventory:
    """Walk all plans whose type the vocabulary has."""
    known = tuple(plan for plan in plans() if plan.type in vocabulary.types)
    settings = WalkSettings(
        plans=known,
        shapes=SHAPES,
        canon=Canon(id=_canonical_id, region=_canonical_region),
        began_at=began_at,
        progress=progress,
    )
    return walk(client, vocabulary, places.scopes, settings)


def _canonical_id(given: str, scope: Scope) -> str:
    """Give an ARM id in lower case: ids are case-insensitive, and services differ in case."""
    del scope
    return given.rstrip("/").lower()


def _canonical_region(given: str) -> str:
    """Give a region as ``westeurope``; some services write "West Europe"."""
    name = given.replace(" ", "").lower()
    return "" if name == "global" else name


def _unseen(gap: Gap) -> str:
    return "other subscriptions" if gap.scope == TENANT else ""
