"""Who may give roles under a condition gains what the roles that may be given allow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.azure.facts.tenants import (
    CONTAINER,
    ME,
    SUBSCRIPTION,
    given,
    graph_of,
    identity,
    role,
    thing,
)

GRANTER = role("granter", actions=("Microsoft.Authorization/roleAssignments/*",))
WRITE = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})"
REQUEST = "@Request[Microsoft.Authorization/roleAssignments:"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


def escalates(condition: str, name: str = "can_escalate") -> Any:
    graph = graph_of(GRANTER, identity(given("granter", SUBSCRIPTION, condition=condition)))
    (me,) = graph.of_type("azure.identity.managed_identity")
    return me.properties.get(name, "unread")


def only(attribute: str, test: str, *values: str) -> str:
    return (
        f"(({WRITE}) OR ({REQUEST}{attribute}] ForAnyOfAnyValues:{test} {{{', '.join(values)}}}))"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (only("RoleDefinitionId", "GuidEquals", OWNER), True),
        (only("RoleDefinitionId", "GuidEquals", OWNER.replace("-", ""), READER), True),
        (only("RoleDefinitionId", "GuidEquals", READER), False),
        (only("RoleDefinitionId", "GuidNotEquals", READER), True),
        (only("RoleDefinitionId", "GuidNotEquals", OWNER), True),
        (only("PrincipalId", "GuidEquals", ME), True),
        (only("PrincipalId", "GuidEquals", "p2"), "unread"),
        (only("PrincipalType", "StringEqualsIgnoreCase", "'serviceprincipal'"), True),
        (only("PrincipalType", "StringEqualsIgnoreCase", "'Group'"), "unread"),
    ],
)
def test_what_may_be_given_decides_what_giving_is_worth(condition: str, expected: Any) -> None:
    assert escalates(condition) == expected


def test_a_condition_on_removal_leaves_the_giving_open() -> None:
    removing = WRITE.replace("write", "delete")
    assert escalates(f"({removing}) OR ({REQUEST}RoleDefinitionId] GuidEquals {READER})") is True


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Owner", True),
        ("8E3AF657-A8FF-443C-A75C-2FE8C4BCB635", True),
        ("Role Based Access Control Administrator", True),
        ("Key Vault Data Access Administrator", True),
        ("Reader", False),
        ("Foundry Project Manager", False),
    ],
)
def test_a_built_in_role_that_was_not_listed_is_known(name: str, expected: bool) -> None:
    graph = graph_of(identity(given(name.lower(), SUBSCRIPTION)))
    (me,) = graph.of_type("azure.identity.managed_identity")
    assert me.properties["can_escalate"] is expected


def test_a_definition_that_was_listed_goes_before_the_one_that_ships() -> None:
    weak = thing("identity.role_definition", "/roles/owner", role=OWNER, permissions=[])
    graph = graph_of(weak, identity(given(OWNER, SUBSCRIPTION)))
    (me,) = graph.of_type("azure.identity.managed_identity")
    assert me.properties["can_escalate"] is False


@pytest.mark.parametrize(("name", "is_writer"), [("models", True), ("logs", False)])
def test_a_condition_on_the_container_decides_who_writes_it(name: str, is_writer: bool) -> None:
    writer = role("writer", data_actions=(f"{BLOBS}/blobs/write",))
    condition = f"@Resource[{BLOBS}:name] StringEquals '{name}'"
    holder = identity(given("writer", SUBSCRIPTION, condition=condition))
    container = thing("storage.container", CONTAINER, account_id="", tags={})
    graph = graph_of(writer, holder, container)
    (found,) = graph.of_type("azure.storage.container")
    writers = graph.targets(found, "writers")
    assert [identity.name for identity in writers.resources] == (["me"] if is_writer else [])
