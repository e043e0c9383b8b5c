"""Roles that code gives to identities reach them, by whatever words the code uses for them."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

IDENTITY = (
    'resource "azurerm_user_assigned_identity" "me" {\n  name = "me"\n'
    '  resource_group_name = "g"\n}\n'
)
CURRENT = 'data "azurerm_subscription" "current" {}\n'
SUBSCRIPTION = "data.azurerm_subscription.current.id"


def given(role: str, scope: str = SUBSCRIPTION) -> str:
    return (
        CURRENT + IDENTITY + 'resource "azurerm_role_assignment" "a" {\n'
        f"  scope = {scope}\n  {role}\n"
        "  principal_id = azurerm_user_assigned_identity.me.principal_id\n}\n"
    )


def fact(text: str, name: str) -> Any:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (me,) = graph.of_type("azure.identity.managed_identity")
    return me.properties.get(name, "unread")


@pytest.mark.parametrize(
    ("role", "is_admin"),
    [
        ('role_definition_name = "Owner"', True),
        ('role_definition_name = "Reader"', False),
        ('role_definition_name = "AzureML Data Scientist"', False),
        ('role_definition_name = "Nothing of that name"', "unread"),
        ('role_definition_id = "/x/roleDefinitions/8E3AF657-a8ff-443c-a75c-2fe8c4bcb635"', True),
        ('role_definition_id = "/x/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"', False),
    ],
)
def test_a_built_in_role_is_known_by_name_and_by_id(role: str, is_admin: Any) -> None:
    assert fact(given(role), "is_admin") == is_admin


def test_a_role_that_is_looked_up_by_name_is_that_role() -> None:
    looked_up = 'data "azurerm_role_definition" "r" {\n  name = "Owner"\n}\n'
    text = given("role_definition_id = data.azurerm_role_definition.r.id")
    assert fact(looked_up + text, "is_admin") is True


@pytest.mark.parametrize("name", ["role_definition_resource_id", "name"])
def test_a_role_of_ones_own_is_known_by_its_definition(name: str) -> None:
    key = "role_definition_name" if name == "name" else "role_definition_id"
    own = (
        'resource "azurerm_role_definition" "r" {\n  name = "mine"\n  scope = "x"\n'
        '  permissions {\n    actions = ["Microsoft.Authorization/*"]\n  }\n}\n'
    )
    assert fact(own + given(f"{key} = azurerm_role_definition.r.{name}"), "can_escalate") is True


@pytest.mark.parametrize(
    ("scope", "is_admin"),
    [
        (SUBSCRIPTION, True),
        ('"/providers/Microsoft.Management/managementGroups/top"', True),
        ('"/subscriptions/11111111-1111-1111-1111-111111111111"', True),
        ("azurerm_resource_group.g.id", False),
        ("data.azurerm_resource_group.h.id", False),
        ("azurerm_management_group.m.id", "unread"),
        ("var.scope", "unread"),
    ],
)
def test_where_a_role_holds_is_where_the_code_gives_it(scope: str, is_admin: Any) -> None:
    others = (
        'variable "scope" {}\nresource "azurerm_management_group" "m" {}\n'
        'resource "azurerm_resource_group" "g" {\n  name = "g"\n  location = "x"\n}\n'
        'data "azurerm_resource_group" "h" {\n  name = "h"\n}\n'
    )
    assert fact(others + given('role_definition_name = "Owner"', scope), "is_admin") == is_admin


def test_a_condition_in_code_is_read() -> None:
    condition = (
        'role_definition_name = "Role Based Access Control Administrator"\n'
        '  condition = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]'
        ' GuidEquals acdd72a7-3385-48ef-bd42-f606fba81ae7"'
    )
    assert fact(given(condition), "can_escalate") is False
    assert fact(given(condition.replace("GuidEquals", "GuidNotEquals")), "can_escalate") is True
