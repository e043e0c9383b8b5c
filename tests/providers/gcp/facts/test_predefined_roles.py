"""What Google's predefined roles allow, where nobody can be asked."""

from __future__ import annotations

from mlsec.providers.gcp.facts.predefined_roles import predefined_permissions


def test_role_gives_all_that_it_allows_and_no_more() -> None:
    assert predefined_permissions("roles/iam.serviceAccountUser") == {
        "iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list",
        "resourcemanager.projects.get", "resourcemanager.projects.list",
    }  # fmt: skip
    owner = predefined_permissions("roles/owner")
    assert owner is not None
    assert "resourcemanager.projects.setIamPolicy" in owner


def test_role_that_is_not_published_is_not_known() -> None:
    assert predefined_permissions("roles/brand.new") is None
    assert predefined_permissions("projects/p/roles/own") is None
    assert predefined_permissions("roles/owner ") is None
    assert predefined_permissions(" iam.serviceAccounts") is None
