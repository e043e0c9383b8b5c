"""A role that code gives to somebody else, or to who is not known, gives an identity no other."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of
from tests.iac.test_azure_roles import IDENTITY, fact, given

OWNER, READER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
_ROLE = "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{}')"
_BICEP = """
targetScope = 'resourceGroup'
param who array
resource me 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'me' }}
resource mine 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('mine')
  properties: {{ principalId: me.properties.principalId, roleDefinitionId: {} }}
}}
resource other 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('other')
  properties: {{ principalId: empty(who) ? who[0] : who[1], roleDefinitionId: {} }}
}}
"""
_ENDPOINT = """
param vnet object
resource p 'Microsoft.Network/privateEndpoints@2023-09-01' = {{
  name: 'p'
  properties: {{
    subnet: {{ id: '${{vnet.id}}/subnets/s' }}
    {}: [{{ name: 'c', properties: {{ privateLinkServiceId: 'x' }} }}]
  }}
}}
"""


def told(bicep: str, kind: str, name: str) -> Any:
    scope = scope_of({"main.bicep": bicep}, Language.BICEP)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (resource,) = graph.of_type(kind)
    return resource.properties.get(name, "unread")


@pytest.mark.parametrize(
    ("mine", "other", "is_admin"),
    [
        (READER, READER, False),
        (READER, OWNER, "unread"),
        ("nothing-of-that-id", READER, "unread"),
    ],
)
def test_an_assignment_to_who_is_not_known_gives_at_most_its_role(
    mine: str, other: str, is_admin: Any
) -> None:
    text = _BICEP.format(_ROLE.format(mine), _ROLE.format(other))
    assert told(text, "azure.identity.managed_identity", "can_change_resource_group") == is_admin


def test_whoever_applies_the_code_is_no_identity_that_it_makes() -> None:
    reader = given('role_definition_name = "Reader"')
    own = (
        'data "azurerm_client_config" "c" {}\nresource "azurerm_role_assignment" "b" {\n'
        '  scope = "x"\n  role_definition_name = "Owner"\n  principal_id = %s\n}\n'
    )
    assert IDENTITY in reader
    assert fact(reader + own % "data.azurerm_client_config.c.object_id", "is_admin") is False
    assert fact(reader + own % "var.who" + 'variable "who" {}\n', "is_admin") == "unread"


@pytest.mark.parametrize(
    ("name", "states"),
    [("privateLinkServiceConnections", []), ("manualPrivateLinkServiceConnections", [])],
)
def test_a_connection_that_nobody_approves_by_hand_is_not_pending(name: str, states: Any) -> None:
    assert told(_ENDPOINT.format(name), "azure.network.private_endpoint", "states") == states
