"""An ARM template says what Azure will say once it is deployed, or that it cannot know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from tests.iac.reading import declared, graph_of, inventory_of, scope_of, why

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
VALUES = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
ACCOUNT = "Microsoft.CognitiveServices/accounts"
PARAMETERS = {
    "given": {"type": "string", "defaultValue": "Disabled"},
    "open": {"type": "string"},
    "mayBeNull": {"type": "string", "nullable": True},
    "whole": {"type": "object", "defaultValue": {"net": ["Enabled", "Disabled"]}},
}
VARIABLES = {"word": "[concat('Dis', 'abled')]", "circle": "[variables('circle')]"}


def template(*resources: Any, **more: Any) -> str:
    return json.dumps({"$schema": SCHEMA, "resources": list(resources), **more})


def account(**properties: Any) -> dict[str, Any]:
    return {"type": ACCOUNT, "name": "ai", "kind": "OpenAI", "properties": properties}


def network(value: str) -> str:
    return template(account(publicNetworkAccess=value), parameters=PARAMETERS, variables=VARIABLES)


def arm(text: str) -> dict[str, Resource]:
    return declared(text, Language.ARM)


@pytest.mark.parametrize(
    "written",
    [
        "Disabled",
        "[parameters('given')]",
        "[PARAMETERS('GIVEN')]",
        "[variables('word')]",
        "[parameters('whole').net[1]]",
        "[parameters('whole')['net'][add(0, 1)]]",
        "[last(parameters('whole').net)]",
        "[format('{0}{1}', 'Dis', 'abled')]",
        "[if(equals(parameters('given'), 'Disabled'), 'Disabled', 'Enabled')]",
        "[if(parameters('open'), 'Disabled', 'Disabled')]",
        "[if(and(not(false()), or(false(), true())), 'Disabled', 'Enabled')]",
        "[coalesce(null(), 'Disabled')]",
        "[substring('xDisabledx', 1, 8)]",
        "[replace('Disxabled', 'x', '')]",
        '[json(\'{"a": "Disabled"}\').a]',
        "[first(split('Disabled,b', ','))]",
        "[union(createObject('a', 'x'), createObject('a', 'Disabled')).a]",
        "[base64ToString('RGlzYWJsZWQ=')]",
        "[coalesce(tryGet(parameters('whole'), 'none'), tryGet(parameters('whole'), 'net', 1))]",
        "[coalesce(parameters('mayBeNull'), 'Disabled')]",
        "[shallowMerge(createArray(createObject('a', 'x'), createObject('a', 'Disabled'))).a]",
    ],
)
def test_an_expression_is_worked_out(written: str) -> None:
    found = arm(network(written))[f"{ACCOUNT}/ai"]
    assert found.properties["public_network"] == "Disabled"


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("[parameters('open')]", "parameter open"),
        ("[concat(parameters('open'), 'x')]", "parameter open"),
        ("[if(equals(parameters('open'), 'a'), 'Disabled', 'Enabled')]", "parameter open"),
        ("[variables('circle')]", "variable circle refers to itself"),
        ("[variables('none')]", "variable none"),
        ("[reference('x').properties.y]", "properties is not there"),
        ("[listKeys('x', '2020-01-01').key1]", "listkeys()"),
        ("[resourceGroup().location]", "where it is deployed"),
        ("[what(", "Disabled"),
        ("[concat('a'", "Disabled"),
        ("[concat('a' 'b')]", "not understood"),
        ("[div(1, 0)]", "div()"),
        ("[tryGet(parameters('open'), 'x')]", "parameter open"),
        ("[tryGet(parameters('whole').net[copyIndex()], 'x')]", "the index of a copy"),
        ("[coalesce(parameters('open'), 'x')]", "parameter open"),
        ("[range(0, 100000000)]", "range()"),
    ],
)
def test_what_only_a_deployment_knows_is_unread_and_names_why(written: str, named: str) -> None:
    if not written.endswith("]"):
        # No expression: the text as it stands, which is none of the values.
        assert arm(network(written))[f"{ACCOUNT}/ai"].properties["public_network"] == written
        return
    assert named in why(network(written), f"{ACCOUNT}/ai", "public_network", Language.ARM)


def test_children_are_found_by_nesting_and_by_the_segments_of_their_names() -> None:
    deployment = {"properties": {"model": {"name": "m", "format": "OpenAI"}}}
    nested = {**account(), "resources": [{"type": "deployments", "name": "a", **deployment}]}
    apart = {"type": f"{ACCOUNT}/deployments", "name": "[concat('ai', '/b')]", **deployment}
    graph = graph_of(template(nested, apart), language=Language.ARM)
    found = graph.of_type("azure.cognitive.deployment")
    assert [each.name for each in found] == ["a", "b"]
    (owner,) = graph.of_type("azure.cognitive.account")
    assert [graph.targets(each, "account").resources for each in found] == [(owner,)] * 2


def test_what_a_sibling_resource_says_belongs_to_the_one_it_names() -> None:
    store = {"type": "Microsoft.Storage/storageAccounts", "name": "s", "properties": {}}
    blobs = {
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "name": "s/default",
        "properties": {"isVersioningEnabled": True},
    }
    logs = {
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": "d",
        "scope": "Microsoft.CognitiveServices/accounts/ai",
        "properties": {"workspaceId": "/x", "logs": [{"category": "Audit", "enabled": True}]},
    }
    logs["scope"] = "[resourceId('Microsoft.CognitiveServices/accounts', 'ai')]"
    found = arm(template(store, blobs, account(), logs))
    assert found["Microsoft.Storage/storageAccounts/s"].properties["versioning"] is True
    assert found[f"{ACCOUNT}/ai"].properties["log_kinds"]


def test_a_copy_is_made_as_often_as_it_says() -> None:
    copied = {**account(), "name": "[format('ai{0}', copyIndex(1))]"}
    copied["copy"] = {"name": "loop", "count": "[length(parameters('whole').net)]"}
    found = arm(template(copied, parameters=PARAMETERS))
    assert set(found) == {f"{ACCOUNT}/ai1", f"{ACCOUNT}/ai2"}


def test_copies_beyond_the_bound_are_told() -> None:
    copied = {**account(), "name": "[format('ai{0}', copyIndex())]"}
    copied["copy"] = {"name": "loop", "count": 203}
    scope = scope_of({"t.json": template(copied)}, Language.ARM)
    inventory_of(scope)
    (gap,) = [scope.tally.gaps[gap] for gaps in scope.refused.values() for gap in gaps]
    assert gap.detail == "the last 3 of 203 copies are left out"
    assert gap.reason is GapReason.OVER_LIMIT


def test_deployments_whose_names_are_not_known_do_not_stand_for_one_another() -> None:
    def nested(name: str) -> dict[str, Any]:
        inner = {"resources": [{**account(), "name": name}]}
        options = {"expressionEvaluationOptions": {"scope": "inner"}, "template": inner}
        kind = "Microsoft.Resources/deployments"
        return {"type": kind, "name": "[newGuid()]", "properties": options}

    assert set(arm(template(nested("a"), nested("b")))) == {f"{ACCOUNT}/a", f"{ACCOUNT}/b"}


def test_symbolic_names_of_bicep_and_what_exists_already() -> None:
    body = json.dumps(
        {
            "$schema": SCHEMA,
            "languageVersion": "2.0",
            "resources": {
                "old": {"existing": True, "type": ACCOUNT, "name": "old"},
                "ai": account(publicNetworkAccess="Disabled"),
            },
        }
    )
    assert set(arm(body)) == {f"{ACCOUNT}/ai"}


def test_a_nested_deployment_has_its_own_parameters_and_gives_outputs() -> None:
    inner = {
        "parameters": {"net": {"type": "string"}},
        "resources": [account(publicNetworkAccess="[parameters('net')]")],
        "outputs": {"name": {"type": "string", "value": "made"}},
    }
    nested = {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"net": {"value": "[parameters('given')]"}},
            "template": inner,
        },
    }
    store = {
        "type": "Microsoft.Storage/storageAccounts",
        "name": "[reference('inner').outputs.name.value]",
        "properties": {},
    }
    found = arm(template(nested, store, parameters=PARAMETERS))
    assert found[f"{ACCOUNT}/ai"].properties["public_network"] == "Disabled"
    assert "Microsoft.Storage/storageAccounts/made" in found


def test_a_linked_template_of_the_target_is_read_once_and_any_other_is_told() -> None:
    def linked(path: str) -> dict[str, Any]:
        link = {"templateLink": {"relativePath": path}, "parameters": {"x": {"value": "Disabled"}}}
        return {"type": "Microsoft.Resources/deployments", "name": path, "properties": link}

    child = template(
        account(publicNetworkAccess="[parameters('x')]"), parameters={"x": {"type": "string"}}
    )
    scope = scope_of(
        {
            "main.json": template(linked("in/child.json"), linked("gone.json")),
            "in/child.json": child,
        },
        Language.ARM,
    )
    (found,) = inventory_of(scope).resources
    assert found.id == f"main.json#{ACCOUNT}/ai"
    assert found.origin.file == "in/child.json"
    assert found.properties["public_network"] == "Disabled"
    (gap,) = scope.refused["repo/main.json"]
    assert scope.tally.gaps[gap].detail == (
        "the nested deployment gone.json is not in this folder: scan it too"
    )


@pytest.mark.parametrize(
    ("value", "network_access"),
    [
        ("Disabled", "Disabled"),
        ("${NETWORK=Disabled}", "Disabled"),
        ("${NETWORK}", None),
        ("${NETWORK=Dis}abled", None),
    ],
)
def test_a_parameter_file_beside_a_template_gives_its_values(
    value: str, network_access: str | None
) -> None:
    values = {"open": {"value": value}}
    texts = {
        "azuredeploy.json": network("[parameters('open')]"),
        "azuredeploy.parameters.json": json.dumps({"$schema": VALUES, "parameters": values}),
    }
    (found,) = inventory_of(scope_of(texts, Language.ARM)).resources
    assert ("public_network" in found.unread) is (network_access is None)
    assert network_access in (None, found.properties.get("public_network"))


def test_who_a_resource_runs_as_is_the_same_wherever_it_is_referred_to() -> None:
    identity = {"type": "SystemAssigned"}
    assignment = {
        "type": "Microsoft.Authorization/roleAssignments",
        "name": "[guid('a')]",
        "properties": {
            "principalId": f"[reference(resourceId('{ACCOUNT}', 'ai')).identity.principalId]",
            "roleDefinitionId": "[subscriptionResourceId('M.A/roleDefinitions', 'r')]",
        },
    }
    found = arm(template({**account(), "identity": identity}, assignment))
    owner = found.pop(f"{ACCOUNT}/ai")
    (given,) = found.values()
    assert owner.properties["principal_ids"] == [given.properties["principal_id"]]


def test_comments_and_texts_over_lines_are_read_as_azure_reads_them() -> None:
    text = network("Disabled").replace('"resources"', '// here\n/* and */ "resources"')
    assert arm(text)[f"{ACCOUNT}/ai"].properties["public_network"] == "Disabled"


def test_a_name_out_of_a_loop_that_is_not_known_shows_no_inner_words() -> None:
    text = template(
        {
            **account(publicNetworkAccess="Enabled"),
            "name": "[parameters('names')[copyIndex()]]",
            "copy": {"name": "each", "count": "[length(parameters('names'))]"},
        },
        parameters={"names": {"type": "array"}},
    )
    (found,) = arm(text).values()
    assert "Unresolved" not in found.id + found.name + found.known_as
    assert found.properties["public_network"] == "Enabled"
