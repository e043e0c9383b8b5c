"""What a Google service account may do: inheritance, groups, conditions, denials, escalation."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.gcp.facts.gcp import (
    PROJECT,
    account,
    bind,
    bucket,
    fact,
    graph_of,
    node,
    thing,
)

_ME = f"serviceAccount:train@{PROJECT}.iam.gserviceaccount.com"
_SECRETS = "roles/secretmanager.secretAccessor"


def deny(*permissions: str, to: str, condition: str | None = None, spares: str = "") -> Resource:
    rule = {
        "principals": [to],
        "except_principals": [spares] if spares else [],
        "permissions": list(permissions),
        "except_permissions": [],
        "condition": condition,
    }
    return thing("gcp.iam.deny_policy", "d", rules=[rule])


def own_principal() -> str:
    email = _ME.partition(":")[2]
    return f"principal://iam.googleapis.com/projects/-/serviceAccounts/{email}"


@pytest.mark.parametrize(
    ("where", "may"), [("project", True), ("folder", True), ("organization", True), ("", False)]
)
def test_right_is_inherited_from_every_level(where: str, may: bool) -> None:
    me = account("train")
    nodes = [
        node(kind, name, *([bind(_SECRETS, _ME)] if kind == where else []))
        for kind, name in (("project", PROJECT), ("folder", "42"), ("organization", "987"))
    ]
    graph = graph_of(me, *nodes, has_organisation=False)
    assert fact(graph, me, "can_read_any_secret") is may


@pytest.mark.parametrize(
    ("groups", "may"), [(["ml@shop.example"], True), (["ML@shop.example"], True), ([], False)]
)
def test_right_of_a_group_is_a_right_of_its_members(groups: list[str], may: bool) -> None:
    me = account("train", groups=groups)
    above = node("project", PROJECT, bind(_SECRETS, "group:ml@shop.example"))
    assert fact(graph_of(me, above), me, "can_read_any_secret") is may


def test_membership_that_was_not_read_matters_only_where_the_group_has_the_right() -> None:
    me = thing(
        "gcp.iam.service_account", f"train@{PROJECT}.iam.gserviceaccount.com",
        {"groups": ("denied",)}, email="x", bindings=[], keys=[],
    )  # fmt: skip
    above = node("project", PROJECT, bind(_SECRETS, "group:ml@shop.example"))
    graph = graph_of(me, above)
    assert fact(graph, me, "can_read_any_secret") == "unread"
    assert fact(graph, me, "can_write_any_bucket") is False


@pytest.mark.parametrize(
    ("policy", "may"),
    [
        (deny("secretmanager.googleapis.com/versions.access", to=own_principal()), False),
        (deny("secretmanager.googleapis.com/*.*", to="principalSet://goog/public:all"), False),
        (deny("secretmanager.googleapis.com/versions.get", to=own_principal()), True),
        (
            deny(
                "secretmanager.googleapis.com/versions.access",
                to="principalSet://goog/public:all",
                spares=own_principal(),
            ),
            True,
        ),
        (
            deny(
                "secretmanager.googleapis.com/versions.access",
                to="principalSet://cloudresourcemanager.googleapis.com/organizations/987",
            ),
            False,
        ),
        # What is spared carries a tag: which things do is not read.
        (
            deny(
                "secretmanager.googleapis.com/versions.access",
                to=own_principal(),
                condition="!resource.matchTag('1/spared', 'yes')",
            ),
            "unread",
        ),
        # What is denied at times is allowed at other times.
        (
            deny(
                "secretmanager.googleapis.com/versions.access",
                to=own_principal(),
                condition="resource.matchTag('1/env', 'test')",
            ),
            True,
        ),
    ],
)
def test_deny_policy_takes_a_right_away_where_it_always_holds(policy: Resource, may: Any) -> None:
    me = account("train")
    above = node("project", PROJECT, bind(_SECRETS, _ME))
    assert fact(graph_of(me, above, policy), me, "can_read_any_secret") == may


def test_deny_policies_that_were_refused_leave_a_right_open_and_a_missing_one_missing() -> None:
    me = account("train")
    above = node("project", PROJECT, bind(_SECRETS, _ME))
    graph = graph_of(me, above, hidden=["gcp.iam.deny_policy"])
    assert fact(graph, me, "can_read_any_secret") == "unread"
    assert fact(graph, me, "can_write_any_bucket") is False


def test_project_manager_permission_is_denied_under_the_name_of_its_service() -> None:
    me = account("train")
    above = node("project", PROJECT, bind("roles/owner", _ME))
    taken = deny("cloudresourcemanager.googleapis.com/projects.setIamPolicy", to=own_principal())
    assert fact(graph_of(me, above), me, "is_admin") is True
    assert fact(graph_of(me, above, taken), me, "is_admin") is False


@pytest.mark.parametrize(
    ("permissions", "ways"),
    [
        (["iam.serviceAccounts.actAs"], []),
        (["run.services.create"], []),
        (
            ["iam.serviceAccounts.actAs", "run.services.create"],
            ["iam.serviceAccounts.actAs + run.services.create"],
        ),
        (["iam.serviceAccountKeys.create"], ["iam.serviceAccountKeys.create"]),
    ],
)
def test_way_to_more_rights_is_open_when_every_part_is_held(
    permissions: list[str], ways: list[str]
) -> None:
    me = account("train")
    role = thing("gcp.iam.custom_role", f"projects/{PROJECT}/roles/r", permissions=permissions)
    above = node("project", PROJECT, bind(role.name, _ME))
    graph = graph_of(me, above, role)
    assert fact(graph, me, "escalation_paths") == ways
    assert fact(graph, me, "can_escalate") is bool(ways)


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        ('resource.name.startsWith("projects/_/buckets/one/")', False),
        ('request.time < timestamp("2999-01-01T00:00:00Z")', True),
        ('resource.name.startsWith("projects/_/buckets/")', True),
        ('resource.matchTag("1/env", "test")', "unread"),
    ],
)
def test_right_on_a_part_is_no_right_on_everything(condition: str, may: Any) -> None:
    me = account("train")
    grant = bind("roles/storage.objectCreator", _ME, condition=condition)
    graph = graph_of(me, node("project", PROJECT, grant))
    assert fact(graph, me, "can_write_any_bucket") == may


def test_writers_of_a_bucket_are_found_by_its_policy_by_the_project_and_by_basic_roles() -> None:
    by_bucket, by_project, by_role, none = (account(n) for n in ("a", "b", "c", "d"))
    creator = "roles/storage.objectCreator"
    found = bucket(
        "weights",
        bind(creator, f"serviceAccount:{by_bucket.name}"),
        bind(creator, f"projectEditor:{PROJECT}"),
    )
    above = node(
        "project",
        PROJECT,
        bind(creator, f"serviceAccount:{by_project.name}"),
        bind("roles/editor", f"serviceAccount:{by_role.name}"),
    )
    graph = graph_of(found, above, by_bucket, by_project, by_role, none)
    reached = graph.targets(graph.resources[found.id], "writers")
    assert {each.name for each in reached.resources} == {
        by_bucket.name, by_project.name, by_role.name,
    }  # fmt: skip
    assert reached.gaps == ()


def test_policy_of_a_bucket_that_was_not_read_hides_its_writers() -> None:
    found = thing("gcp.storage.bucket", "b", {"bindings": ("denied",)}, uniform_access=True)
    graph = graph_of(found, account("train"))
    assert graph.targets(graph.resources[found.id], "writers").gaps == ("denied",)
