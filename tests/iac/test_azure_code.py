"""Azure's code: parents, keys and words are read however they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, property_value
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of, why

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
VAULT = (
    'resource "azurerm_key_vault" "v" {\n  name = "safe"\n  resource_group_name = "g"\n}\n'
    'resource "azurerm_key_vault_key" "k" {\n  name = "own"\n'
    "  key_vault_id = azurerm_key_vault.v.id\n}\n"
)
ACCOUNT = (
    'resource "azurerm_storage_account" "s" {{\n  name = "data"\n  resource_group_name = "g"\n'
    "{}}}\n"
)
WITHIN = "  customer_managed_key {\n    key_vault_key_id = azurerm_key_vault_key.k.id\n  }\n"
APART = (
    'resource "azurerm_storage_account_customer_managed_key" "c" {\n'
    "  storage_account_id = azurerm_storage_account.s.id\n"
    '  key_vault_id = azurerm_key_vault.v.id\n  key_name = "own"\n}\n'
)


def graph_of(text: str) -> Graph:
    return build_graph(
        VOCABULARY, inventory_of(scope_of({"main.tf": text}, Language.TERRAFORM)), FACTS
    )


def template(properties: Any, kind: str = "Microsoft.Storage/storageAccounts") -> str:
    resource = {"type": kind, "name": "r", "apiVersion": "2023-01-01", "properties": properties}
    parameters = {"tags": {"type": "object"}, "flag": {"type": "bool"}}
    return json.dumps({"$schema": SCHEMA, "parameters": parameters, "resources": [resource]})


@pytest.mark.parametrize(
    ("text", "has_key"),
    [
        (ACCOUNT.format(""), False),
        (ACCOUNT.format(WITHIN), True),
        (ACCOUNT.format("") + APART, True),
    ],
)
def test_the_key_of_a_storage_account_is_found(text: str, has_key: bool) -> None:
    graph = graph_of(VAULT + text)
    (account,) = graph.of_type("azure.storage.account")
    assert property_value(account, "has_customer_key") == Known(has_key)
    keys = [each.name for each in graph.targets(account, "key").resources]
    assert keys == (["own"] if has_key else [])


def test_the_key_of_a_cognitive_account_is_found() -> None:
    graph = graph_of(
        VAULT + 'resource "azurerm_cognitive_account" "a" {\n  name = "a"\n  kind = "OpenAI"\n'
        '  resource_group_name = "g"\n}\n'
        'resource "azurerm_cognitive_account_customer_managed_key" "c" {\n'
        "  cognitive_account_id = azurerm_cognitive_account.a.id\n"
        "  key_vault_key_id = azurerm_key_vault_key.k.versionless_id\n}\n"
    )
    (account,) = graph.of_type("azure.cognitive.account")
    assert account.properties["key_source"] == "Microsoft.KeyVault"
    assert [each.name for each in graph.targets(account, "key").resources] == ["own"]
    (key,) = graph.of_type("azure.keyvault.key")
    assert [each.name for each in graph.targets(key, "vault").resources] == ["safe"]


@pytest.mark.parametrize(
    ("vault", "key"),
    [("keyVaultUri", "keyName"), ("keyvaulturi", "keyname"), ("KeyVaultURI", "KEYNAME")],
)
def test_a_key_is_found_however_its_words_are_written(vault: str, key: str) -> None:
    held = {"keySource": "Microsoft.Keyvault",
            "keyVaultProperties": {vault: "https://safe.vault.azure.net/", key: "own"}}  # fmt: skip
    scope = scope_of({"t.json": template({"encryption": held})}, Language.ARM)
    (account,) = inventory_of(scope).resources
    assert account.properties["key_uri"] == "https://safe.vault.azure.net/keys/own"


WORKSPACE = (
    'resource "azurerm_machine_learning_workspace" "w" {\n  name = "w"\n'
    '  resource_group_name = "g"\n}\n'
)
OF_WORKSPACE = "  machine_learning_workspace_id = azurerm_machine_learning_workspace.w.id\n}\n"
CLUSTER = 'resource "azurerm_machine_learning_compute_cluster" "c" {\n  name = "c"\n'
INSTANCE = 'resource "azurerm_machine_learning_compute_instance" "c" {\n  name = "c"\n'
DEPLOYMENT = (
    'resource "azurerm_cognitive_account" "a" {\n  name = "a"\n  kind = "OpenAI"\n'
    '  resource_group_name = "g"\n}\nresource "azurerm_cognitive_deployment" "d" {\n'
    '  name = "d"\n  cognitive_account_id = azurerm_cognitive_account.a.id\n}\n'
)
ALIAS = (
    'resource "aws_bedrockagent_agent" "a" {\n  agent_name = "a"\n}\n'
    'resource "aws_bedrockagent_agent_alias" "l" {\n  agent_alias_name = "l"\n'
    "  agent_id = aws_bedrockagent_agent.a.agent_id\n}\n"
)


@pytest.mark.parametrize(
    ("child", "type_name", "relation"),
    [
        (CLUSTER + OF_WORKSPACE, "azure.ml.compute_cluster", "workspace"),
        (INSTANCE + OF_WORKSPACE, "azure.ml.compute_instance", "workspace"),
        (DEPLOYMENT, "azure.cognitive.deployment", "account"),
        (ALIAS, "aws.bedrock.agent_alias", "agent"),
    ],
)
def test_what_stands_below_another_is_joined_to_it(
    child: str, type_name: str, relation: str
) -> None:
    graph = graph_of(WORKSPACE + child)
    (resource,) = graph.of_type(type_name)
    found = graph.targets(resource, relation)
    assert (len(found.resources), found.gaps) == (1, ())


@pytest.mark.parametrize(
    "expression",
    [
        "[union(parameters('tags'), createObject('a', 'b'))]",
        "[union(createObject('a', 'b'), parameters('tags'))]",
        "[first(parameters('tags'))]",
        "[objectKeys(parameters('tags'))]",
    ],
)
def test_what_is_put_together_of_something_unknown_names_it(expression: str) -> None:
    told = why(template({"minimumTlsVersion": expression}), "Microsoft.Storage/storageAccounts/r",
               "minimum_tls", Language.ARM)  # fmt: skip
    assert told == "minimum_tls: parameter tags has no default"


def test_a_function_that_does_not_take_its_values_says_so_in_words() -> None:
    told = why(template({"minimumTlsVersion": "[mod('a', 0)]"}),
               "Microsoft.Storage/storageAccounts/r", "minimum_tls", Language.ARM)  # fmt: skip
    assert told == "minimum_tls: mod() of values that it does not take"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[and(parameters('flag'), equals('a', 'b'))]", False),
        ("[or(equals('a', 'a'), parameters('flag'))]", True),
    ],
)
def test_one_decided_side_is_enough(expression: str, value: bool) -> None:
    text = template({"supportsHttpsTrafficOnly": expression})
    (account,) = inventory_of(scope_of({"t.json": text}, Language.ARM)).resources
    assert account.properties["https_only"] is value


def test_a_setting_finds_a_thing_whose_parent_is_not_told() -> None:
    graph = graph_of(
        'module "project" {\n  source = "Azure/somewhere/azurerm"\n}\n'
        'resource "azapi_resource" "e" {\n'
        '  type = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-04-01"\n'
        '  name = "e"\n  parent_id = module.project.resource_id\n  body = { properties = {} }\n}\n'
        'resource "azurerm_monitor_diagnostic_setting" "d" {\n  name = "d"\n'
        "  target_resource_id = azapi_resource.e.id\n"
        '  log_analytics_workspace_id = "w"\n'
        '  enabled_log {\n    category_group = "allLogs"\n  }\n}\n'
    )
    (endpoint,) = graph.of_type("azure.ml.online_endpoint")
    assert property_value(endpoint, "log_kinds") != Known([])


def test_what_only_the_service_sets_is_not_told_by_a_template() -> None:
    text = template({}, "Microsoft.CognitiveServices/accounts")
    (account,) = inventory_of(scope_of({"t.json": text}, Language.ARM)).resources
    assert "abuse_penalty" in account.unread


def test_each_element_that_is_a_thing_of_its_own_stands_on_its_line() -> None:
    text = json.dumps(
        {
            "$schema": SCHEMA,
            "resources": [
                {
                    "type": "Microsoft.Network/virtualNetworks",
                    "name": "v",
                    "properties": {"subnets": [{"name": "a"}, {"name": "b"}]},
                }
            ],
        },
        indent=1,
    )
    found = inventory_of(scope_of({"t.json": text}, Language.ARM)).resources
    lines = {each.name: each.origin.line for each in found if each.type.endswith("subnet")}
    written = text.splitlines()
    assert [written[line].strip() for line in lines.values()] == ['"name": "a"', '"name": "b"']


def test_a_sku_under_its_older_name_is_read() -> None:
    graph = graph_of(
        'resource "azurerm_cognitive_deployment" "d" {\n  name = "d"\n'
        '  cognitive_account_id = "a"\n  scale {\n    type = "ProvisionedManaged"\n  }\n}\n'
    )
    (deployment,) = graph.of_type("azure.cognitive.deployment")
    assert deployment.properties["sku"] == "ProvisionedManaged"


OPENAI = (
    'resource "azurerm_cognitive_account" "a" {{\n  name = "a"\n  kind = "OpenAI"\n'
    '  resource_group_name = "g"\n{}}}\n'
    'resource "azurerm_user_assigned_identity" "u" {{\n  name = "u"\n'
    '  resource_group_name = "g"\n}}\n'
)
ATTACHED = '  identity {\n    type = "UserAssigned"\n    identity_ids = [{}]\n  }\n'


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("", None),
        ('  identity {\n    type = "SystemAssigned"\n  }\n', "system identity of a"),
        (ATTACHED.replace("{}", "azurerm_user_assigned_identity.u.id"), "u"),
    ],
)
def test_who_an_account_runs_as_is_what_code_says(inside: str, name: str | None) -> None:
    graph = graph_of(OPENAI.format(inside))
    (account,) = graph.of_type("azure.cognitive.account")
    reached = graph.targets(account, "role").resources
    assert [identity.name for identity in reached] == ([name] if name else [])
    listed = [identity.properties["principal_id"] for identity in reached]
    assert property_value(account, "principal_ids") == Known(listed)
    assert account.properties["identity_kind"] == (inside.split('"')[1] if inside else "None")


def test_an_identity_that_is_attached_in_a_template_is_who_it_runs_as() -> None:
    user = "Microsoft.ManagedIdentity/userAssignedIdentities"
    made_of = f"[resourceId('{user}', 'u')]"
    text = json.dumps(
        {
            "$schema": SCHEMA,
            "resources": [
                {"type": user, "name": "u"},
                {
                    "type": "Microsoft.CognitiveServices/accounts",
                    "name": "a",
                    "identity": {"type": "UserAssigned", "userAssignedIdentities": {made_of: {}}},
                },
            ],
        }
    )
    found = {
        each.name: each for each in inventory_of(scope_of({"t.json": text}, Language.ARM)).resources
    }
    assert found["a"].properties["principal_ids"] == [found["u"].properties["principal_id"]]


def test_who_a_resource_of_azapi_runs_as_is_not_told() -> None:
    text = (
        'resource "azapi_resource" "e" {\n  name = "e"\n  parent_id = "/w"\n'
        '  type = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-04-01"\n'
        '  identity {\n    type = "SystemAssigned"\n  }\n  body = { properties = {} }\n}\n'
    )
    (endpoint,) = graph_of(text).of_type("azure.ml.online_endpoint")
    assert "principal_ids" in endpoint.unread
    assert endpoint.properties["identity_kind"] == "SystemAssigned"


@pytest.mark.parametrize(
    ("target", "kinds"),
    [("${azurerm_storage_account.s.id}/blobServices/default", ["StorageRead"]),
     ("${azurerm_storage_account.s.id}", []),
     ("${azurerm_storage_account.s.id}/fileServices/default", [])],
)  # fmt: skip
def test_reads_of_blobs_are_logged_by_the_blob_service_alone(target: str, kinds: list[str]) -> None:
    setting = (
        'resource "azurerm_monitor_diagnostic_setting" "d" {\n'
        f'  target_resource_id = "{target}"\n'
        '  log_analytics_workspace_id = "w"\n  enabled_log {\n'
        '    category = "StorageRead"\n  }\n}\n'
    )
    (account,) = graph_of(ACCOUNT.format("") + setting).of_type("azure.storage.account")
    assert account.properties["log_categories"] == kinds
