"""Who reads and writes a blob container: everybody, outsiders whom Azure names, identities."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from tests.providers.azure.facts.tenants import (
    ACCOUNT,
    BLOBS,
    CONTAINER,
    GROUP,
    KEYS,
    SCOPE,
    SUBSCRIPTION,
    account,
    container,
    foreign,
    given,
    graph_of,
    identity,
    role,
    thing,
)

WRITER = role("writer", data_actions=(f"{BLOBS}/write",))
KEEPER = role("keeper", actions=(KEYS,))
OPEN = {"allows_anonymous": True}
DENIED = make_gap(scope=SCOPE, subject="", wanted="x", reason=GapReason.DENIED, detail="")


def fact(name: str, *resources: Resource, denied: tuple[str, ...] = ()) -> Any:
    graph = graph_of(*resources, denied=denied, gaps=(DENIED,))
    return graph.resources[CONTAINER].properties.get(name, "unread")


@pytest.mark.parametrize(
    ("of_account", "access", "is_public"),
    [
        (OPEN, "Blob", True),
        (OPEN, "Container", True),
        (OPEN, "None", False),
        ({}, "Container", False),
        ({**OPEN, "default_action": "Deny"}, "Container", False),
        ({**OPEN, "public_network": "Disabled"}, "Container", False),
    ],
)
def test_container_is_public_when_it_and_its_account_and_the_firewall_say_so(
    of_account: dict[str, Any], access: str, *, is_public: bool
) -> None:
    found = (account(**of_account), container(public_access=access))

    assert fact("is_public_read", *found) is is_public
    assert fact("external_readers", *found) == (["*"] if is_public else [])
    assert fact("has_external_writers", *found) is False


def test_account_that_never_said_whether_it_may_be_opened_leaves_it_open() -> None:
    silent = account()
    del silent.properties["allows_anonymous"]  # type: ignore[attr-defined]

    assert fact("is_public_read", silent, container(public_access="Blob")) == "unread"
    assert fact("is_public_read", silent, container()) is False


def test_group_of_another_tenant_with_a_data_role_is_an_outside_writer() -> None:
    near = (account(), container(), WRITER)

    assert fact("external_writers", *near, foreign("writer", CONTAINER)) == ["f1"]
    assert fact("has_external_writers", *near, foreign("writer", SUBSCRIPTION)) is True
    assert fact("has_external_writers", *near, foreign("writer", f"{CONTAINER}2")) is False
    assert fact("has_external_writers", *near, foreign("writer", CONTAINER, "Group")) is False


def test_outsider_who_reads_keys_writes_only_where_keys_are_accepted() -> None:
    outsider = foreign("keeper", GROUP)

    assert fact("has_external_writers", account(), container(), KEEPER, outsider) is False
    with_keys = account(allows_shared_key=True)
    assert fact("has_external_writers", with_keys, container(), KEEPER, outsider) is True


def test_delegation_to_a_managing_tenant_counts_like_a_role() -> None:
    delegation = thing(
        "identity.delegation", "/d", granted_at=SUBSCRIPTION, managing_tenant="t9",
        authorizations=[{"principal_id": "m1", "role": "keeper"}],
    )  # fmt: skip
    found = (account(allows_shared_key=True), container(), KEEPER, delegation)

    assert fact("external_writers", *found) == ["m1 of tenant t9"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"{GROUP}/providers/microsoft.storage/storageaccounts/ours", False),
        ("/subscriptions/s2/resourcegroups/x/providers/y/storageaccounts/theirs", True),
        ("data", False),
        ("somewhere", "unread"),
    ],
)
def test_account_that_replicates_into_it_is_an_outsider_by_its_subscription(
    source: str, expected: object
) -> None:
    rule = {
        "source": source, "destination": ACCOUNT,
        "source_container": "a", "destination_container": "models",
    }  # fmt: skip

    assert fact("has_external_writers", account(replications=[rule]), container()) == expected


def test_unlisted_delegations_leave_the_outsiders_open_but_for_one_that_is_seen() -> None:
    near = (account(), container(), WRITER)
    denied = ("azure.identity.delegation",)

    assert fact("has_external_writers", *near, denied=denied) == "unread"
    assert fact("has_external_writers", *near, foreign("writer", CONTAINER), denied=denied) is True
    assert fact("external_writers", *near, foreign("writer", CONTAINER), denied=denied) == "unread"


def test_writers_are_the_identities_with_a_data_role_or_with_keys_that_work() -> None:
    by_role, by_keys = identity(given("writer", CONTAINER)), identity(given("keeper", ACCOUNT))

    def writers(me: Resource, **of_account: Any) -> list[str]:
        graph = graph_of(account(**of_account), container(), WRITER, KEEPER, me)
        targets = graph.targets(graph.resources[CONTAINER], "writers")
        assert targets.gaps == ()
        return [each.id for each in targets.resources]

    assert writers(by_role) == [by_role.id]
    assert writers(by_keys) == []
    assert writers(by_keys, allows_shared_key=True) == [by_keys.id]
