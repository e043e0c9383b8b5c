"""What Azure roles allow: scopes inherit, exceptions take away, conditions leave it open."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from tests.providers.azure.facts.tenants import (
    BLOBS,
    GROUP,
    KEYS,
    SCOPE,
    SUBSCRIPTION,
    denial,
    given,
    graph_of,
    identity,
    role,
)

OWNER = role("owner", actions=("*",))
CONTRIBUTOR = role("contributor", actions=("*",), less=("Microsoft.Authorization/*/Write",))
WRITER = role("writer", data_actions=(f"{BLOBS}/*",))
GRANTER = role("granter", actions=("Microsoft.Authorization/roleAssignments/*",))
DENIED = make_gap(scope=SCOPE, subject="", wanted="x", reason=GapReason.DENIED, detail="")


def judged(*resources: Resource, denied: tuple[str, ...] = ()) -> Resource:
    graph = graph_of(*resources, denied=denied, gaps=(DENIED,))
    (found,) = graph.of_type("azure.identity.managed_identity")
    return found


def fact(name: str, *resources: Resource, denied: tuple[str, ...] = ()) -> Any:
    return judged(*resources, denied=denied).properties.get(name, "unread")


@pytest.mark.parametrize(
    "scope", ["/", "/providers/microsoft.management/managementgroups/root", SUBSCRIPTION]
)
def test_role_above_holds_for_the_whole_subscription(scope: str) -> None:
    assert fact("is_admin", OWNER, identity(given("owner", scope)))
    assert fact("can_write_any_container", WRITER, identity(given("writer", scope)))


def test_role_on_a_group_is_none_over_the_subscription() -> None:
    me = identity(given("owner", GROUP))

    assert fact("is_admin", OWNER, me) is False
    assert fact("can_change_resource_group", OWNER, me) is True


def test_scope_that_only_begins_alike_is_another() -> None:
    assert fact("is_admin", OWNER, identity(given("owner", f"{SUBSCRIPTION}0"))) is False


def test_exception_takes_the_granting_from_everything() -> None:
    me = identity(given("contributor", SUBSCRIPTION))

    assert fact("can_change_everything", CONTRIBUTOR, me) is True
    assert fact("is_admin", CONTRIBUTOR, me) is False
    paths = fact("escalation_paths", CONTRIBUTOR, me)
    assert "give roles" not in paths
    assert "Microsoft.Compute/virtualMachines/runCommand/action" in paths


def test_exception_of_one_role_takes_nothing_from_another() -> None:
    me = identity(given("contributor", SUBSCRIPTION), given("granter", SUBSCRIPTION))

    assert fact("is_admin", CONTRIBUTOR, GRANTER, me) is True


def test_right_to_give_roles_anywhere_escalates() -> None:
    me = identity(given("granter", f"{GROUP}/providers/x/y/z"))

    assert fact("can_escalate", GRANTER, me) is True
    assert fact("escalation_paths", GRANTER, me) == ["give roles"]
    assert fact("is_privileged", GRANTER, me) is True


def test_keys_of_every_account_write_every_container() -> None:
    reader = role("reader", actions=(KEYS,))

    assert fact("can_write_any_container", reader, identity(given("reader", SUBSCRIPTION))) is True


def test_data_right_is_no_action_and_an_action_no_data_right() -> None:
    confused = role("confused", actions=(f"{BLOBS}/*",), data_actions=(KEYS,))

    assert fact("can_write_any_container", confused, identity(given("confused", SUBSCRIPTION))) is (
        False
    )


def test_condition_leaves_the_answer_open_and_says_so() -> None:
    me = judged(WRITER, identity(given("writer", SUBSCRIPTION, condition="@Resource[x]")))

    assert "can_write_any_container" not in me.properties
    assert me.unread["can_write_any_container"]


def test_role_that_was_not_listed_leaves_the_answer_open() -> None:
    assert fact("is_admin", identity(given("gone", SUBSCRIPTION))) == "unread"


@pytest.mark.parametrize("principal", ["p1", "00000000-0000-0000-0000-000000000000"])
def test_denial_takes_away_from_whom_it_names_and_from_everybody(principal: str) -> None:
    me = identity(given("owner", SUBSCRIPTION))
    no_grants = denial("Microsoft.Authorization/roleAssignments/write", principal)

    assert fact("is_admin", OWNER, no_grants, me) is False


def test_denial_for_others_or_elsewhere_takes_nothing() -> None:
    me = identity(given("owner", SUBSCRIPTION))
    action = "Microsoft.Authorization/roleAssignments/write"

    assert fact("is_admin", OWNER, denial(action, "p2"), me) is True
    assert fact("is_admin", OWNER, denial(action, "p1", scope=GROUP), me) is True


def test_unread_denials_leave_a_yes_open_and_a_no_alone() -> None:
    denied = ("azure.identity.deny_assignment",)
    me = identity(given("writer", SUBSCRIPTION))

    assert fact("can_write_any_container", WRITER, me, denied=denied) == "unread"
    assert fact("is_admin", WRITER, me, denied=denied) is False
