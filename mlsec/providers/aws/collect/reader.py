"""AWS from snapshot to inventory, and the walk that collection and reading share; needs no SDK."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
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
from mlsec.providers.aws.collect.organisation import ask_organisations, read_organisations
from mlsec.providers.aws.services import SERVICES
from mlsec.providers.aws.shapes.table import SHAPES
from mlsec.providers.aws.tables import DISCOVERY, TAGGING, table_of
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

PROVIDER = "aws"


def plans() -> tuple[TypePlan, ...]:
    """Give the plans of all services, in the order of the table."""
    return tuple(plan for group in SERVICES.values() for plan in group)


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what a snapshot says, by walking it as AWS was walked.

    Raises:
        MlsecError: it holds nothing of AWS, or its facts are damaged.
    """
    places, _ = stored_scopes(snapshot, PROVIDER, "AWS", CollectedScopes)
    inventory = walk_stored(SnapshotClient(snapshot), snapshot, vocabulary)
    walked = {scope.name for scope in places.scopes}

    def elsewhere(gap: Gap) -> str:
        is_organisation = gap.wanted.startswith("organizations:")
        unseen = "other accounts" if is_organisation else "other regions"
        return unseen if gap.scope in walked else ""

    known = {plan.type for plan in plans()} & vocabulary.types.keys()
    return with_unseen(inventory, places, known, elsewhere)


def walk_stored(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Walk the places of a snapshot.

    Raises:
        MlsecError: it holds nothing of AWS, or its facts are damaged.
    """
    places, began_at = stored_scopes(snapshot, PROVIDER, "AWS", CollectedScopes)
    return walk_aws(client, vocabulary, places, began_at, None)


def walk_all(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> frozenset[str]:
    """Walk the places of a snapshot, and name the operations that nothing else asks."""
    walk_stored(client, snapshot, vocabulary)
    return frozenset(table_of(plans())) - {operation.label for operation in DISCOVERY}


def join_facts(snapshot: Snapshot, facts: Sequence[Mapping[str, str]], gaps: Sequence[Gap]) -> None:
    """Write where to walk, by the facts of several snapshots; ``gaps`` hide whole scopes.

    Raises:
        MlsecError: those of one are damaged.
    """
    join_scopes(snapshot, PROVIDER, facts, CollectedScopes(gaps=tuple(gaps)))


def walk_aws(
    client: Client,
    vocabulary: Vocabulary,
    places: CollectedScopes,
    began_at: datetime.datetime,
    progress: Progress | None,
    release: Callable[[Iterable[str]], None] | None = None,
    *,
    is_part: bool = False,
) -> Inventory:
    """Walk all plans whose type the vocabulary has.

    ``release`` closes what was opened for scopes that are asked nothing for a while. Of a part,
    which knows only its own accounts, no organisation is read but what it is called.
    """
    known = tuple(plan for plan in plans() if plan.type in vocabulary.types)
    settings = WalkSettings(
        plans=known,
        shapes=SHAPES,
        tagging=TAGGING,
        began_at=began_at,
        progress=progress,
        release=release,
    )
    inventory = walk(client, vocabulary, places.scopes, settings)
    if is_part:
        ask_organisations(client, places.scopes)
        return inventory
    above = read_organisations(client, vocabulary, places.scopes)
    return msgspec.structs.replace(inventory, resources=(*inventory.resources, *above))
