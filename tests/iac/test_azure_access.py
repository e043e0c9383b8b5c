"""Azure's code as a scan sees it: who is owner by schedule, group, directory or app."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, property_value
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

_IDENTITY = "azurerm_user_assigned_identity"
TRAIN, IDLE = f"{_IDENTITY}.train.principal_id", f"{_IDENTITY}.idle.principal_id"
SUBSCRIPTION = "data.azurerm_subscription.s.id"
BASE = (
    'data "azurerm_subscription" "s" {}\n'
    + "".join(
        f'resource "{_IDENTITY}" "{name}" {{\n  name = "{name}"\n  location = "a"\n'
        '  resource_group_name = "ml"\n}\n'
        for name in ("train", "idle")
    )
    + 'resource "azurerm_machine_learning_compute_cluster" "c" {\n  name = "c"\n  identity {\n'
    f'    type = "UserAssigned"\n    identity_ids = [{_IDENTITY}.train.id]\n  }}\n}}\n'
)
_OWNER, _READER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def given(role: str, principal: str = TRAIN, scope: str = SUBSCRIPTION, name: str = "g") -> str:
    return (
        f'resource "azurerm_role_assignment" "{name}" {{\n  scope = {scope}\n'
        f'  role_definition_name = "{role}"\n  principal_id = {principal}\n}}\n'
    )


def scheduled(kind: str, role: str) -> str:
    path = f"providers/Microsoft.Authorization/roleDefinitions/{role}"
    return (
        f'resource "azurerm_pim_{kind}_role_assignment" "p" {{\n  scope = {SUBSCRIPTION}\n'
        f'  principal_id = {TRAIN}\n  role_definition_id = "${{{SUBSCRIPTION}}}/{path}"\n}}\n'
    )


def group(body: str = "", name: str = "g") -> str:
    return f'resource "azuread_group" "{name}" {{\n  display_name = "{name}"\n  {body}\n}}\n'


def member(who: str = TRAIN, of: str = "g") -> str:
    return (
        f'resource "azuread_group_member" "{of}" {{\n'
        f"  group_object_id = azuread_group.{of}.object_id\n  member_object_id = {who}\n}}\n"
    )


def directory(role: str) -> str:
    return (
        f'resource "azuread_directory_role" "d" {{\n  display_name = "{role}"\n}}\n'
        'resource "azuread_directory_role_assignment" "d" {\n'
        "  role_id = azuread_directory_role.d.template_id\n"
        f"  principal_object_id = {TRAIN}\n}}\n"
    )


def custom(less: str) -> str:
    return (
        'resource "azurerm_role_definition" "c" {\n  name = "most"\n'
        f'  scope = {SUBSCRIPTION}\n  permissions {{\n    actions = ["*"]\n'
        f"    not_actions = [{less}]\n  }}\n}}\n"
        f'resource "azurerm_role_assignment" "c" {{\n  scope = {SUBSCRIPTION}\n'
        "  role_definition_id = azurerm_role_definition.c.role_definition_resource_id\n"
        f"  principal_id = {TRAIN}\n}}\n"
    )


def site(role: str) -> str:
    """An app whose own identity has a role, and whose code the other identity may change."""
    return (
        'resource "azurerm_linux_web_app" "w" {\n  name = "front"\n  resource_group_name = "ml"\n'
        '  site_config {}\n  identity {\n    type = "SystemAssigned"\n  }\n}\n'
        + given(role, "azurerm_linux_web_app.w.identity[0].principal_id", name="w")
        + given("Website Contributor", scope="azurerm_linux_web_app.w.id")
    )


def told(text: str, name: str) -> object:
    scope = scope_of({"main.tf": BASE + text}, Language.TERRAFORM)
    graph = build_graph(VOCABULARY, inventory_of(scope, as_scanned=True), FACTS)
    identities = graph.of_type("azure.identity.managed_identity")
    (train,) = [identity for identity in identities if identity.name == "train"]
    held = property_value(train, name)
    return held.value if isinstance(held, Known) else "unread"


def application(owner: str) -> str:
    """An application that owns the subscription."""
    return (
        'resource "azuread_application" "a" {\n  display_name = "deploy"\n'
        f'  owners = [{owner}]\n}}\nresource "azuread_service_principal" "a" {{\n'
        "  client_id = azuread_application.a.client_id\n}\n"
        + given("Owner", "azuread_service_principal.a.object_id")
    )


def permission(number: str) -> str:
    return (
        f'resource "azuread_app_role_assignment" "m" {{\n  app_role_id = "{number}"\n'
        f'  principal_object_id = {TRAIN}\n  resource_object_id = "x"\n}}\n'
    )


def vault(more: str) -> str:
    """A vault that the identity may change."""
    return (
        'resource "azurerm_key_vault" "v" {\n  name = "v"\n  resource_group_name = "ml"\n'
        f"  {more}\n}}\n" + given("Key Vault Contributor", scope="azurerm_key_vault.v.id")
    )


CONTAINERS = (
    'resource "azurerm_container_group" "c" {\n  name = "c"\n  resource_group_name = "ml"\n}\n'
)
_MEMBERS = f"members = [{TRAIN}]"
_OF_GROUP = given("Owner", "azuread_group.g.object_id")
_NESTED = group() + group(name="h") + member(of="h") + member("azuread_group.h.object_id")


@pytest.mark.parametrize(
    ("text", "is_admin"),
    [
        (scheduled("active", _OWNER), True),
        (scheduled("active", _READER), False),
        (scheduled("eligible", _OWNER), True),
        (scheduled("eligible", _READER), False),
        (group() + member() + _OF_GROUP, True),
        (group(_MEMBERS) + _OF_GROUP, True),
        (_NESTED + _OF_GROUP, True),
        (group() + member(IDLE) + _OF_GROUP, False),
        (group() + member() + given("Reader", "azuread_group.g.object_id"), False),
        (group(f"owners = [{TRAIN}]") + _OF_GROUP, True),
        (group(f"owners = [{IDLE}]") + _OF_GROUP, False),
        (application(TRAIN), True),
        (application(IDLE), False),
        (custom(""), True),
        (custom('"Microsoft.Authorization/*/write"'), False),
    ],
)
def test_who_owns_the_subscription_by_schedule_group_or_custom_role(
    text: str, is_admin: bool
) -> None:
    assert told(text, "is_admin") is is_admin


@pytest.mark.parametrize(
    ("text", "escalates"),
    [
        (directory("Global Administrator"), True),
        (directory("Application Administrator"), True),
        (directory("Directory Readers"), False),
        (permission("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"), True),
        (permission("df021288-bdef-4463-88db-98f22de89214"), False),
        (vault(""), True),
        (vault("rbac_authorization_enabled = true"), False),
        # A vault is neither it nor a part of it.
        (CONTAINERS + given("Contributor", scope="azurerm_container_group.c.id"), False),
        (site("Owner"), True),
        (site("Reader"), False),
        *(
            (
                given(role, IDLE, name="i")
                + given("Managed Identity Contributor", scope=f"{_IDENTITY}.idle.id"),
                role == "Owner",
            )
            for role in ("Owner", "Reader")
        ),
        (
            given("Owner", IDLE, name="i")
            + given("Managed Identity Operator", scope=f"{_IDENTITY}.idle.id"),
            False,
        ),
        (
            given("Owner", IDLE, name="i")
            + given("Managed Identity Operator", scope=f"{_IDENTITY}.idle.id")
            + given(
                "Virtual Machine Contributor", scope='"${data.azurerm_subscription.s.id}"', name="v"
            ),
            True,
        ),
    ],
)
def test_who_comes_to_own_the_subscription_by_the_directory_an_app_or_an_idle_identity(
    text: str, escalates: bool
) -> None:
    assert told(text, "can_escalate") is escalates


def test_what_a_custom_role_leaves_out_does_not_elevate_at_the_root_of_the_tenant() -> None:
    paths = told(custom('"Microsoft.Authorization/*/write"'), "escalation_paths")
    assert isinstance(paths, list)
    assert "Microsoft.Authorization/elevateAccess/action" not in paths
