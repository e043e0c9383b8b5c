"""AWS from snapshot to inventory, and the walk that collection and reading share; needs no SDK."""

from __future__ import annotations

import datetime

import msgspec

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.collect.walk.plan import TypePlan
from mlsec.collect.walk.scopes import CollectedScopes, stored_scopes, with_unseen
from mlsec.collect.walk.walk import WalkSettings, walk
from mlsec.core.resource import Gap, Inventory
from mlsec.providers.aws.collect.organisation import read_organisations
from mlsec.providers.aws.services import SERVICES
from mlsec.providers.aws.shapes.table import SHAPES
from mlsec.providers.aws.tables import TAGGING
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
    places, began_at = stored_scopes(snapshot, PROVIDER, "AWS", CollectedScopes)
    inventory = walk_aws(SnapshotClient(snapshot), vocabulary, places, began_at, None)
    walked = {scope.name for scope in places.scopes}

    def elsewhere(gap: Gap) -> str:
        is_organisation = gap.wanted.startswith("organizations:")
        unseen = "other accounts" if is_organisation else "other regions"
        return unseen if gap.scope in walked else ""

    known = {plan.type for plan in plans()} & vocabulary.types.keys()
    return with_unseen(inventory, places, known, elsewhere)


def walk_aws(
    client: Client,
    vocabulary: Vocabulary,
    places: CollectedScopes,
    began_at: datetime.datetime,
    progress: Progress | None,
) -> Inventory:
    """Walk all plans whose type the vocabulary has."""
    known = tuple(plan for plan in plans() if plan.type in vocabulary.types)
    settings = WalkSettings(
        plans=known, shapes=SHAPES, tagging=TAGGING, began_at=began_at, progress=progress
    )
    inventory = walk(client, vocabulary, places.scopes, settings)
    above = read_organisations(client, vocabulary, places.scopes)
    return msgspec.structs.replace(inventory, resources=(*inventory.resources, *above))
