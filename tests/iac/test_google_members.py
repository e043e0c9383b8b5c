"""What a service account may do is what code gives to it; members are told apart by their words."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

_ACCOUNT = """
variable "given" {}
data "google_project" "own" {}
resource "google_service_account" "api" { account_id = "api" }
"""
_OWN = "serviceAccount:${google_service_account.api.email}"
_AGENT = (
    "serviceAccount:service-${data.google_project.own.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
)


def _grant(name: str, role: str, member: str) -> str:
    return (
        f'resource "google_project_iam_member" "{name}" {{\n'
        f'  project = "p"\n  role = "{role}"\n  member = "{member}"\n}}\n'
    )


def _fact(code: str, name: str) -> Any:
    found = inventory_of(scope_of({"main.tf": code}, Language.TERRAFORM))
    graph = build_graph(VOCABULARY, found, FACTS)
    (account,) = (a for a in graph.of_type("gcp.iam.service_account") if not a.is_stub)
    return "unread" if name in account.unread else account.properties[name]


def test_code_that_gives_an_account_its_rights_says_what_it_may_do() -> None:
    code = _ACCOUNT + _grant("a", "roles/aiplatform.user", _OWN)
    assert _fact(code, "is_admin") is False
    assert _fact(code, "can_act_as_any") is False
    assert _fact(_ACCOUNT + _grant("a", "roles/owner", _OWN), "is_admin") is True


def test_rights_of_an_account_that_the_code_gives_nothing_are_given_elsewhere() -> None:
    assert _fact(_ACCOUNT, "is_admin") == "unread"


@pytest.mark.parametrize(
    ("member", "is_admin"),
    [
        (_AGENT, False),
        ("serviceAccount:${var.given}", "unread"),
        ("serviceAccount:${var.given}@project.iam.gserviceaccount.com", "unread"),
        ("group:${var.given}", "unread"),
        ("${var.given}", "unread"),
    ],
)
def test_a_member_that_is_known_in_part_hides_what_accounts_like_it_may_do(
    member: str, is_admin: Any
) -> None:
    code = _ACCOUNT + _grant("a", "roles/aiplatform.user", _OWN)
    assert _fact(code + _grant("b", "roles/owner", member), "is_admin") == is_admin
