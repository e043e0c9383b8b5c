"""Every field that the Azure ML and AI vocabulary names is one that Microsoft publishes.

The published fields stand in ``azure_fields.json``; ``azure_models.py`` says how it is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.collect.azure.reader import plans
from mlsec.collect.azure.route import ArmRead
from mlsec.core.places import content_folder
from mlsec.core.vocabulary_load import load_vocabulary
from tests.contracts.azure_paths import Named, Published, paths_of

TABLE: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("azure_fields.json").read_text("utf-8")
)
# Fields that only a newer preview has, with where Microsoft shows them.
_PREVIEW = {
    # Compute/get/ComputeInstance.json of 2025-10-01-preview.
    "azure.ml.compute_instance.root_access": "enableRootAccess",
}
_VOCABULARY = load_vocabulary(content_folder("rules") / "vocabulary")
_CASES = [(service, named) for service in TABLE for named in paths_of(_VOCABULARY, service)]


def published(service: str) -> Published:
    return Published(items=TABLE[service]["items"], models=TABLE[service]["models"])


@pytest.mark.parametrize(
    ("service", "named"), _CASES, ids=[f"{n.where}-{'.'.join(n.steps)}" for _, n in _CASES]
)
def test_field_is_published(service: str, named: Named) -> None:
    if named.where in _PREVIEW:
        assert named.steps[-1] == _PREVIEW[named.where]
        return
    published(service).walk(named)


def test_a_field_that_nobody_publishes_is_noticed() -> None:
    wrong = Named(where="x", operation="OnlineEndpoints_List", steps=("properties", "autMode"))
    with pytest.raises(LookupError, match=r"no properties\.autMode"):
        published("machinelearning").walk(wrong)


def test_every_listing_of_these_services_is_in_the_table_in_the_version_that_is_asked() -> None:
    asked = {
        (plan.listing.service, plan.listing.name): plan.listing.version
        for plan in plans()
        if isinstance(plan.listing, ArmRead) and plan.listing.service in TABLE
    }
    for (service, name), version in asked.items():
        assert name in TABLE[service]["items"]
        assert version == TABLE[service]["version"] or version.endswith("-preview")
