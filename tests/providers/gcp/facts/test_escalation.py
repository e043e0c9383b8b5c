"""Who can become privileged through one account, one service or another project."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlsec.core.resource import Resource
from tests.providers.gcp.facts.gcp import PROJECT, account, bind, fact, graph_of, node, thing

_ME = f"serviceAccount:train@{PROJECT}.iam.gserviceaccount.com"
_OWNER = f"serviceAccount:owner@{PROJECT}.iam.gserviceaccount.com"


def role(name: str, *permissions: str) -> Resource:
    return thing("gcp.iam.custom_role", f"projects/{PROJECT}/roles/{name}", permissions=permissions)


def may(place: str, *members: str, condition: str | None = None) -> dict[str, Any]:
    return bind(f"projects/{PROJECT}/roles/{place}", *members, condition=condition)


_OWNED = node("project", PROJECT, bind("roles/owner", _OWNER))
_TOKENS = role("tokens", "iam.serviceAccounts.getAccessToken")


@pytest.mark.parametrize(
    ("permission", "escalates"),
    [
        ("iam.serviceAccounts.getAccessToken", True),
        ("iam.serviceAccountKeys.create", True),
        ("iam.serviceAccounts.signJwt", True),
        ("iam.serviceAccounts.setIamPolicy", True),
        ("iam.serviceAccounts.get", False),
        # Who may act as an account and start nothing gains nothing.
        ("iam.serviceAccounts.actAs", False),
    ],
)
def test_right_over_one_account_that_owns_the_project_is_escalation(
    permission: str, escalates: bool
) -> None:
    me, owner = account("train"), account("owner", bindings=[may("one", _ME)])
    graph = graph_of(me, owner, _OWNED, role("one", permission))
    assert fact(graph, me, "can_escalate") is escalates
    assert fact(graph, me, "is_privileged") is escalates
    assert fact(graph, me, "is_admin") is False


def test_right_over_one_account_without_rights_is_no_escalation() -> None:
    me, other = account("train"), account("other", bindings=[may("tokens", _ME)])
    graph = graph_of(me, other, account("owner"), _OWNED, _TOKENS)
    assert fact(graph, me, "can_escalate") is False


def test_who_becomes_somebody_that_becomes_the_owner_is_privileged_too() -> None:
    middle = f"serviceAccount:middle@{PROJECT}.iam.gserviceaccount.com"
    me = account("train")
    between = account("middle", bindings=[may("tokens", _ME)])
    owner = account("owner", bindings=[may("tokens", middle)])
    graph = graph_of(me, between, owner, _OWNED, _TOKENS)
    assert fact(graph, me, "can_escalate") is True
    assert fact(graph, me, "escalation_paths") == [
        f"iam.serviceAccounts.getAccessToken -> middle@{PROJECT}.iam.gserviceaccount.com"
    ]


@pytest.mark.parametrize(
    ("account_named", "escalates"), [("owner", True), ("other", False), ("own", False)]
)
def test_project_grant_that_a_condition_limits_to_one_account_counts_for_that_one(
    account_named: str, escalates: bool
) -> None:
    email = f"{account_named}@{PROJECT}.iam.gserviceaccount.com"
    condition = f'resource.name == "projects/-/serviceAccounts/{email}"'
    above = node(
        "project", PROJECT, bind("roles/owner", _OWNER), may("tokens", _ME, condition=condition)
    )
    me = account("train", unique_id="1")
    accounts = [account("owner", unique_id="2"), account("other", unique_id="3")]
    graph = graph_of(me, *accounts, above, _TOKENS)
    assert fact(graph, me, "can_escalate") is escalates


def test_policy_of_an_account_that_was_not_read_leaves_escalation_open() -> None:
    me = account("train")
    owner = msgspec.structs.replace(account("owner"), unread={"bindings": ("denied",)})
    assert fact(graph_of(me, owner, _OWNED), me, "can_escalate") == "unread"


@pytest.mark.parametrize(
    ("kind", "level", "is_admin"),
    [
        ("folders", "folder", True),
        ("folders", "organization", True),
        ("folders", "project", False),
        ("organizations", "organization", True),
        ("organizations", "folder", False),
        ("projects", "folder", True),
    ],
)
def test_right_over_the_policy_of_what_stands_above_makes_an_administrator(
    kind: str, level: str, is_admin: bool
) -> None:
    me = account("train")
    names = {"project": PROJECT, "folder": "42", "organization": "987"}
    nodes = [
        node(each, name, *([may("sets", _ME)] if each == level else []))
        for each, name in names.items()
    ]
    sets = role("sets", f"resourcemanager.{kind}.setIamPolicy")
    graph = graph_of(me, *nodes, sets, has_organisation=False)
    assert fact(graph, me, "is_admin") is is_admin
    assert fact(graph, me, "can_escalate") is is_admin


def test_account_of_another_project_that_is_privileged_there_counts() -> None:
    scope = "gcp/other"
    owner = account("owner@other.iam.gserviceaccount.com", bindings=[bind("roles/tokens", _ME)])
    above = node("project", "other", bind("roles/owner", f"serviceAccount:{owner.name}"))
    roles = [
        thing("gcp.iam.role", "roles/owner", permissions=["resourcemanager.projects.setIamPolicy"]),
        thing("gcp.iam.role", "roles/tokens", permissions=["iam.serviceAccounts.getAccessToken"]),
    ]
    there = [
        msgspec.structs.replace(each, id=each.id + "/there", scope=scope)
        for each in (thing("gcp.project", "other", number="999"), above, owner, *roles)
    ]
    me = account("train")
    graph = graph_of(me, node("project", PROJECT), *there)
    assert fact(graph, me, "can_escalate") is True
