"""The role comes from the table of reads, and reading is all that it allows."""

from __future__ import annotations

import json

import pytest

from mlsec.cli.applicability import LIVE
from mlsec.core.errors import MlsecError
from mlsec.providers.azure.collect.reader import plans
from mlsec.providers.azure.policy import least_privilege_role, rights
from mlsec.providers.azure.route import POSTS, ArmRead, address
from mlsec.providers.azure.tables import operations_of, table_of
from mlsec.targets.collectors import POLICIES

TABLE = table_of(plans())


def test_every_provider_that_is_asked_has_a_policy() -> None:
    assert set(POLICIES) == set(LIVE)


def test_role_allows_every_read_of_the_plans_and_only_reads() -> None:
    role = json.loads(least_privilege_role())
    asked = {a.lower() for plan in plans() for o in operations_of(plan) for a in o.right.split(",")}
    given = [*role["Actions"], *role["DataActions"]]
    assert asked <= {action.lower() for action in given}
    assert [a for a in given if not a.lower().endswith("/read") or "*" in a] == []


def test_only_definitions_of_agents_need_a_data_action() -> None:
    role = json.loads(least_privilege_role())
    assert role["DataActions"] == ["Microsoft.CognitiveServices/accounts/AIServices/agents/read"]


def test_walking_a_management_group_needs_one_right_more() -> None:
    assert set(rights(is_organisation=True)) - set(rights()) == {
        "Microsoft.Management/managementGroups/descendants/read"
    }


@pytest.mark.parametrize("label", sorted(TABLE))
def test_read_is_one_request_with_all_its_holes_filled(label: str) -> None:
    operation = TABLE[label]
    assert isinstance(operation, ArmRead)
    assert operation.method == "GET" or label in POSTS
    assert set(operation.placeholders) <= set(operation.params) | {"group"}
    filled = address(operation, "s", dict.fromkeys(operation.placeholders, "/x"))
    assert "{" not in filled
    assert f"api-version={operation.version}" in filled


def test_post_that_is_no_known_read_is_refused() -> None:
    keys = ArmRead(service="storage", name="StorageAccounts_ListKeys", method="POST",
                   path="{id}/listKeys", version="2024-01-01")  # fmt: skip
    with pytest.raises(MlsecError, match="only reads"):
        address(keys, "s", {"id": "/x"})
