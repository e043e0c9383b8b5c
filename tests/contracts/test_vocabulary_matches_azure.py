"""Every field that the Azure vocabulary and estate name is one that Microsoft publishes.

The published fields stand in ``azure_fields.json``, each in the api-version that is asked;
``azure_types.py`` says how it is made.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.azure_paths import Named, Published, operations, paths_of
from tests.contracts.azure_things import things
from tests.contracts.azure_types import UNTYPED
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

TABLE: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("azure_fields.json").read_text("utf-8")
)
PUBLISHED = Published(
    items={label: item["model"] for label, item in TABLE["items"].items()}, models=TABLE["models"]
)
# Paths of our own: nothing answers there, which tells apart two ways to come to one type.
_OURS = {
    "azure.identity.managed_identity.is_system": "isSystem",
    "azure.identity.managed_identity.directory_roles": "directoryRoles",
}
_PATHS = tuple(paths_of(shipped_vocabulary()))


@functools.cache
def _unpublished() -> Mapping[str, frozenset[str]]:
    """Give the fields of what the estate tells that nobody publishes, by the read that tells it."""
    found: dict[str, set[str]] = {}
    for label, body in things():
        if label in PUBLISHED.items:
            found.setdefault(label, set()).update(PUBLISHED.unpublished(label, body))
    return {label: frozenset(fields) for label, fields in found.items()}


@for_each("operation", sorted({named.operation for named in _PATHS}))
def test_every_field_that_the_vocabulary_reads_is_published(operation: str) -> None:
    wrong = []
    for named in _PATHS:
        if named.operation == operation and named.steps != (_OURS.get(named.where),):
            try:
                PUBLISHED.walk(named)
            except LookupError as error:
                wrong.append(str(error))
    assert wrong == []


@for_each("operation", sorted(PUBLISHED.items))
def test_what_the_estate_tells_is_made_of_published_fields(operation: str) -> None:
    assert _unpublished()[operation] == frozenset()


def test_every_read_is_in_the_table_in_the_version_that_is_asked() -> None:
    asked = {k: o.version for k, o in operations().items() if k not in UNTYPED}
    assert asked == {label: item["version"] for label, item in TABLE["items"].items()}


def test_nothing_is_read_of_answers_that_no_model_is_published_for() -> None:
    assert {named.operation for named in _PATHS} & set(UNTYPED) == set()


def test_a_field_that_nobody_publishes_is_noticed() -> None:
    label = "machinelearning:OnlineEndpoints_List"
    wrong = Named(where="x", operation=label, steps=("properties", "autMode"))
    with pytest.raises(LookupError, match=r"no properties\.autMode"):
        PUBLISHED.walk(wrong)
    body = {"name": "x", "properties": {"authMode": "Key", "autMode": "Key"}}
    assert list(PUBLISHED.unpublished(label, body)) == ["properties.autMode"]


def test_a_field_that_only_a_newer_version_has_is_noticed() -> None:
    label = "storage:StorageAccounts_List"
    newer = {"properties": {"dualStackEndpointPreference": {"publishIpv6Endpoint": True}}}
    assert list(PUBLISHED.unpublished(label, newer))
