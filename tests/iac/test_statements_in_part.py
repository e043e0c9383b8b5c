"""What a statement of a policy leaves open hides the actions that it names, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

_ROLE = """
variable "given" {}
resource "aws_iam_role" "r" {
  name = "r"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { Service = "sagemaker.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "p" {
  role = aws_iam_role.r.id
  policy = jsonencode({ Statement = [%s] })
}
"""
_READS_BUCKET = '{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*" }'


def _fact(statements: str, name: str) -> Any:
    found = inventory_of(scope_of({"main.tf": _ROLE % statements}, Language.TERRAFORM))
    graph = build_graph(VOCABULARY, found, FACTS)
    (role,) = graph.of_type("aws.iam.role")
    return "unread" if name in role.unread else role.properties[name]


@pytest.mark.parametrize(
    "statement",
    [
        '{ Effect = "Allow", Action = ["s3:GetObject"], Resource = var.given }',
        '{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "*", Condition = var.given }',
        '{ Effect = "Deny", Action = ["s3:GetObject"], Resource = var.given }',
    ],
)
def test_where_a_statement_holds_hides_its_actions_alone(statement: str) -> None:
    together = f"{_READS_BUCKET}, {statement}"
    for name in ("can_read_any_secret", "can_write_any_bucket", "is_admin", "can_escalate"):
        assert _fact(together, name) is False
    everywhere = '{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }'
    seen = everywhere if "Deny" in statement else _READS_BUCKET
    assert _fact(f"{seen}, {statement}", "has_wildcard_data_access") == "unread"


@pytest.mark.parametrize(
    "statement",
    [
        '{ Effect = "Allow", Action = var.given, Resource = "arn:aws:s3:::b" }',
        '{ Effect = var.given, Action = "*", Resource = "*" }',
        '{ Effect = "Allow", Action = ["s3:GetObject", var.given], Resource = "*" }',
        '{ Effect = "Allow", NotAction = "s3:GetObject", Resource = var.given }',
        "var.given",
    ],
)
def test_what_a_statement_is_about_hides_every_action(statement: str) -> None:
    assert _fact(f"{_READS_BUCKET}, {statement}", "can_read_any_secret") == "unread"


def test_a_right_to_do_everything_on_what_is_not_known_may_be_everything() -> None:
    statement = '{ Effect = "Allow", Action = "*", Resource = var.given }'
    assert _fact(statement, "is_admin") == "unread"
    assert _fact(statement, "can_escalate") == "unread"


def test_the_name_of_a_policy_hides_nothing_of_it() -> None:
    named = _ROLE.replace(
        "  role = aws_iam_role.r.id\n", "  role = aws_iam_role.r.id\n  name = var.given\n"
    )
    found = inventory_of(scope_of({"main.tf": named % _READS_BUCKET}, Language.TERRAFORM))
    (role,) = build_graph(VOCABULARY, found, FACTS).of_type("aws.iam.role")
    assert role.properties["is_admin"] is False
    assert role.properties["inline_statements"][0]["actions"] == ["s3:GetObject"]
