"""Roles that code gives to identities reach them, by whatever words the code uses for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
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


def graph_of(text: str) -> Graph:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    return build_graph(VOCABULARY, inventory_of(scope), FACTS)


def fact(text: str, name: str) -> Any:
    (me,) = graph_of(text).of_type("azure.identity.managed_identity")
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


def runs(kind: str, name: str, identity: str) -> str:
    return (
        f'resource "{kind}" "{name}" {{\n  name = "{name}"\n  resource_group_name = "g"\n'
        f"  identity {{\n    {identity}\n  }}\n}}\n"
    )


def own_role(kind: str, name: str, role: str) -> str:
    return (
        f'resource "azurerm_role_assignment" "of_{name}" {{\n  scope = {SUBSCRIPTION}\n'
        f'  role_definition_name = "{role}"\n'
        f"  principal_id = {kind}.{name}.identity[0].principal_id\n}}\n"
    )


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("azurerm_linux_virtual_machine", "Virtual Machine Contributor"),
        ("azurerm_automation_account", "Automation Contributor"),
        ("azurerm_logic_app_workflow", "Logic App Contributor"),
        ("azurerm_container_app", "Container Apps Contributor"),
        ("azurerm_data_factory", "Data Factory Contributor"),
    ],
)
@pytest.mark.parametrize(("role", "expected"), [("Owner", True), ("Reader", False)])
def test_a_right_on_one_thing_is_worth_the_role_of_its_own_identity(
    kind: str, right: str, role: str, expected: bool
) -> None:
    thing = runs(kind, "thing", 'type = "SystemAssigned"') + own_role(kind, "thing", role)
    text = thing + given(f'role_definition_name = "{right}"', f"{kind}.thing.id")
    graph = graph_of(text)
    me = next(i for i in graph.of_type("azure.identity.managed_identity") if i.name == "me")
    assert me.properties["can_escalate"] is expected


def test_the_own_identity_of_a_workspace_is_judged_by_its_roles() -> None:
    kind = "azurerm_machine_learning_workspace"
    thing = runs(kind, "w", 'type = "SystemAssigned"') + own_role(kind, "w", "Contributor")
    (identity,) = graph_of(CURRENT + thing).of_type("azure.identity.managed_identity")
    assert identity.properties["is_system"] is True
    assert identity.properties["runs_ml"] is True
    assert identity.properties["can_change_everything"] is True


def test_a_thing_without_an_identity_of_its_own_has_none() -> None:
    attached = "identity_ids = [azurerm_user_assigned_identity.me.id]"
    thing = runs("azurerm_linux_virtual_machine", "vm", f'type = "UserAssigned"\n    {attached}')
    graph = graph_of(IDENTITY + thing)
    (machine,) = graph.of_type("azure.identity.workload")
    assert [identity.name for identity in graph.targets(machine, "role").resources] == ["me"]
    assert [i.name for i in graph.of_type("azure.identity.managed_identity")] == ["me"]


SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", True),
        ("acdd72a7-3385-48ef-bd42-f606fba81ae7", False),
        ("[parameters('role')]", "unread"),
    ],
)
def test_a_template_gives_a_role_apart_from_the_identity(role: str, expected: Any) -> None:
    me = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'me')"
    identity = {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": "me",
                "apiVersion": "2023-01-31", "location": "x"}  # fmt: skip
    properties = {
        "roleDefinitionId": role,
        "principalId": f"[reference({me}, '2023-01-31').principalId]",
        "principalType": "ServicePrincipal",
    }
    assignment = {"type": "Microsoft.Authorization/roleAssignments", "name": "[guid('a')]",
                  "apiVersion": "2022-04-01", "properties": properties}  # fmt: skip
    text = json.dumps({"$schema": SCHEMA, "parameters": {"role": {"type": "string"}},
                       "resources": [identity, assignment]})  # fmt: skip
    scope = scope_of({"t.json": text}, Language.ARM)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (found,) = graph.of_type("azure.identity.managed_identity")
    assert found.properties.get("can_escalate", "unread") == expected
