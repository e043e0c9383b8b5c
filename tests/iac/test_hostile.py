"""Templates that mean harm: everything is bounded, and what was given up is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from tests.iac.reading import declared, inventory_of, scope_of

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def bucket(name: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def cfn(resources: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Resources": resources, **more})


def refusals(text: str, language: Language = Language.CLOUDFORMATION) -> list[str]:
    scope = scope_of({"t.json": text}, language)
    inventory_of(scope)
    gaps = [gap for gaps in scope.refused.values() for gap in gaps]
    return [scope.tally.gaps[gap].detail for gap in gaps]


def test_names_that_stand_on_each_other_in_a_circle_are_not_known() -> None:
    found = declared(cfn({"A": bucket({"Ref": "B"}), "B": bucket({"Ref": "A"})}))
    assert set(found) == {"A", "B"}


def test_names_that_double_with_each_step_stay_small() -> None:
    chain = {f"B{n}": bucket({"Fn::Sub": f"${{B{n + 1}}}${{B{n + 1}}}"}) for n in range(70)}
    found = declared(cfn({**chain, "B70": bucket("x" * 64)}))
    assert len(found) == 71
    assert max(len(each.name) for each in found.values()) <= 1_000_000


def test_a_text_that_is_filled_in_without_end_is_refused() -> None:
    big = {"Default": "x" * 900_000, "Type": "String"}
    many = {f"B{n}": bucket({"Fn::Join": ["", [{"Ref": "P"}, "y"]]}) for n in range(200)}
    told = refusals(cfn(many, Parameters={"P": big}))
    assert set(told) == {"it takes too many steps to work out"}


def test_functions_inside_of_functions_end() -> None:
    value: Any = "x"
    for _ in range(95):
        value = {"Fn::Base64": value}
    assert declared(cfn({"B": bucket(value)}))["B"].name == "b"
    for _ in range(20):
        value = {"Fn::Base64": value}
    assert refusals(cfn({"B": bucket(value)})) == ["nested deeper than 60 levels"]


def test_a_nested_stack_of_itself_is_a_doubt() -> None:
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "t.json"}}
    scope = scope_of({"t.json": cfn({"S": stack, "B": bucket("b")})}, Language.CLOUDFORMATION)
    assert [each.id for each in inventory_of(scope).resources] == ["t.json#B"]
    assert [gap.detail for gap in scope.doubts["repo/t.json"]] == [
        "the nested stack S refers to itself"
    ]


def test_ten_thousand_resources_are_all_counted() -> None:
    scope = scope_of(
        {"t.json": cfn({f"B{n}": bucket({"Fn::Sub": f"b-{n}"}) for n in range(10_000)})},
        Language.CLOUDFORMATION,
    )
    inventory = inventory_of(scope)
    (row,) = [row for row in inventory.coverage.rows if row.type == "aws.s3.bucket"]
    assert row.enumerated == row.assessed == len(inventory.resources) == 10_000


@pytest.mark.parametrize(
    "expression",
    [
        "[concat(" * 500 + "'a'" + ")" * 500 + "]",
        "['" + "a" * 30_000 + "']",
        "[" + "parameters('p')." * 400 + "x]",
    ],
)
def test_an_expression_without_end_is_not_understood(expression: str) -> None:
    store = {"type": "Microsoft.Storage/storageAccounts", "name": expression, "properties": {}}
    text = json.dumps({"$schema": SCHEMA, "resources": [store], "parameters": {"p": {}}})
    assert len(declared(text, Language.ARM)) == 1


def test_a_copy_of_copies_is_refused_or_bounded() -> None:
    copy = {"name": "a", "count": 10_000, "input": "[copyIndex('a')]"}
    variables = {"copy": [copy]}
    inner = {"name": "b", "count": 10_000, "input": "[variables('a')]"}
    store = {
        "type": "Microsoft.Storage/storageAccounts", "name": "s",
        "properties": {"copy": [inner]},
    }  # fmt: skip
    text = json.dumps({"$schema": SCHEMA, "variables": variables, "resources": [store]})
    assert refusals(text, Language.ARM) == ["it takes too many steps to work out"]


def test_what_is_no_template_is_refused_with_its_line() -> None:
    assert refusals('{\n "Resources": {{}\n') != []
    assert refusals(f'{{"$schema": "{SCHEMA}",\n "resources": [,]}}', Language.ARM) != []


def test_deployments_inside_of_each_other_end() -> None:
    inner: dict[str, Any] = {"$schema": SCHEMA, "resources": []}
    for _ in range(14):
        properties = {"template": inner, "expressionEvaluationOptions": {"scope": "inner"}}
        kind = "Microsoft.Resources/deployments"
        inner = {"resources": [{"type": kind, "name": "d", "properties": properties}]}
    scope = scope_of({"t.json": json.dumps({"$schema": SCHEMA, **inner})}, Language.ARM)
    inventory_of(scope)
    (gap,) = scope.refused["repo/t.json"]
    assert "refers to itself" in scope.tally.gaps[gap].detail
