"""What Azure's Terraform says of apps, stores and networks becomes what the account would say."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of


def declared(text: str) -> dict[str, Resource]:
    found = inventory_of(scope_of({"main.tf": text}, Language.TERRAFORM)).resources
    return {resource.id.partition("#")[2]: resource for resource in found}


def body(kind: str, inside: str) -> Resource:
    text = f'resource "{kind}" "x" {{\n  name = "x"\n  resource_group_name = "g"\n{inside}}}\n'
    return declared(text)[f"{kind}.x"]


@pytest.mark.parametrize(
    ("kind", "inside", "told"),
    [
        ("azurerm_container_app", "", {"has_ingress": False, "is_external": False}),
        (
            "azurerm_container_app",
            "  ingress {\n    external_enabled = true\n    target_port = 80\n  }\n",
            {"has_ingress": True, "is_external": True, "allows_http": False},
        ),
        (
            "azurerm_cosmosdb_account",
            '  ip_range_filter = ["203.0.113.7"]\n',
            {"public_network": "Enabled", "local_auth_off": False, "ip_rules": ["203.0.113.7"]},
        ),
        (
            "azurerm_cosmosdb_account",
            "  public_network_access_enabled = false\n  local_authentication_disabled = true\n",
            {"public_network": "Disabled", "local_auth_off": True},
        ),
        (
            "azurerm_databricks_workspace",
            '  sku = "premium"\n  managed_disk_cmk_key_vault_key_id = "k"\n',
            {"sku": "premium", "disk_key": "Microsoft.Keyvault", "services_key": None},
        ),
        (
            "azurerm_monitor_metric_alert",
            '  scopes = ["/A"]\n  criteria {\n    metric_name = "Requests"\n  }\n',
            {"enabled": True, "severity_level": 3, "metrics": ["Requests"], "target_ids": ["/a"]},
        ),
        (
            "azurerm_role_definition",
            '  permissions {\n    actions = ["*"]\n  }\n',
            {"is_custom": True},
        ),
        (
            "azurerm_machine_learning_datastore_blobstorage",
            '  workspace_id = "/W"\n  account_key = "secret"\n',
            {"credentials": "AccountKey", "workspace_id": "/w", "kind": "AzureBlob"},
        ),
        (
            "azurerm_machine_learning_datastore_blobstorage",
            '  workspace_id = "/W"\n',
            {"credentials": "None", "is_default": False},
        ),
    ],
)
def test_what_is_said_is_read_and_what_is_not_is_what_the_provider_does(
    kind: str, inside: str, told: dict[str, Any]
) -> None:
    found = body(kind, inside).properties
    assert {name: found.get(name) for name in told} == told


def test_a_default_that_has_changed_is_not_known() -> None:
    assert "no_public_ip" in body("azurerm_databricks_workspace", "").unread
    said = "  custom_parameters {\n    no_public_ip = true\n  }\n"
    assert body("azurerm_databricks_workspace", said).properties["no_public_ip"] is True


def test_a_subnet_knows_its_network_and_its_security_group() -> None:
    text = (
        'resource "azurerm_virtual_network" "v" {\n  name = "v"\n  resource_group_name = "g"\n'
        '  subnet {\n    name = "inner"\n    security_group = "/NSG"\n  }\n}\n'
        'resource "azurerm_subnet" "s" {\n  name = "s"\n  resource_group_name = "g"\n'
        "  virtual_network_name = azurerm_virtual_network.v.name\n}\n"
        'resource "azurerm_subnet" "bare" {\n  name = "bare"\n  resource_group_name = "g"\n'
        "  virtual_network_name = azurerm_virtual_network.v.name\n}\n"
        'resource "azurerm_subnet_network_security_group_association" "a" {\n'
        '  subnet_id = azurerm_subnet.s.id\n  network_security_group_id = "/NSG"\n}\n'
    )
    graph = build_graph(
        VOCABULARY, inventory_of(scope_of({"m.tf": text}, Language.TERRAFORM)), FACTS
    )
    subnets = {each.name: each for each in graph.of_type("azure.network.subnet")}
    groups = {name: each.properties.get("nsg_id") for name, each in subnets.items()}
    assert groups == {"inner": "/nsg", "s": "/nsg", "bare": None}
    (network,) = {each.properties["vnet_id"] for each in subnets.values()}
    assert network.endswith("/virtualnetworks/v")


def test_an_action_group_of_an_agent_is_read() -> None:
    text = (
        'resource "aws_bedrockagent_agent_action_group" "g" {\n  action_group_name = "g"\n'
        '  agent_id = "a"\n  agent_version = "DRAFT"\n  action_group_executor {\n'
        '    lambda = "arn:aws:lambda:eu-west-1:111122223333:function:f"\n  }\n'
        "  function_schema {\n    member_functions {\n      functions {\n"
        '        name = "delete"\n      }\n    }\n  }\n}\n'
    )
    group = declared(text)["aws_bedrockagent_agent_action_group.g"]
    assert group.properties["state"] == "ENABLED"
    assert group.properties["function"].endswith(":function:f")
    assert [each["name"] for each in group.properties["tools"]] == ["delete"]
