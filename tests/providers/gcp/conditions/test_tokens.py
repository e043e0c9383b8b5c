"""Conditions of identity pool providers: whether they keep other owners' tokens out."""

from __future__ import annotations

import pytest

from mlsec.core.enums import Truth
from mlsec.graph.ternary import NO, YES
from mlsec.providers.gcp.conditions.tokens import TokenSource, lets_in_other_owners

GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
TERRAFORM = "https://app.terraform.io"
MAPPING = (
    ("attribute.actor", "assertion.actor"),
    ("attribute.owner", "assertion.repository.extract('{owner}/')"),
    ("attribute.repository", "assertion.repository"),
    ("google.subject", "assertion.sub"),
)


def source(condition: str, issuer: str = GITHUB) -> TokenSource:
    return TokenSource(issuer=issuer, condition=condition, mapping=MAPPING)


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "true",
        "assertion.ref == 'refs/heads/main'",
        "assertion['ref'] == 'refs/heads/main'",
        "assertion.event_name == 'push' && assertion.actor in ['alice']",
        "has(assertion.repository)",
        "assertion.repository != 'acme/x'",
        "assertion.repository.startsWith('acme')",
        "attribute.repository.startsWith('acme') && assertion.repository.endsWith('prod')",
        "assertion.repository.endsWith('/acme')",
        "assertion.repository.matches('acme/.*')",
        "assertion.repository_owner.contains('acme')",
        "assertion.repository == 'acme/x' || assertion.ref == 'refs/heads/main'",
        "assertion.repository_owner == 'acme' ? true : assertion.ref == 'refs/heads/main'",
        "assertion.sub.contains('acme')",
        "google.subject.startsWith('repo:acme')",
        "assertion.job_workflow_ref.startsWith('acme/')",
    ],
)
def test_condition_that_leaves_the_owner_open_lets_others_in(condition: str) -> None:
    assert lets_in_other_owners(source(condition)) == YES


@pytest.mark.parametrize(
    "condition",
    [
        "assertion.repository in ['acme/x']",
        "assertion.repository_owner_id == '1'",
        "assertion['repository_owner'] == 'acme'",
        "assertion.repository.startsWith('acme/')",
        "attribute.repository == 'acme/x' && assertion.ref != ''",
        "attribute.owner == 'acme'",
        "assertion.repository.matches('^acme/.*$')",
        "assertion.repository_owner == 'acme' || assertion.repository == 'beta/y'",
        "!(assertion.repository_owner != 'acme')",
        "google.subject.startsWith('repo:acme/')",
        "assertion.workflow_ref.startsWith('acme/x/.github/')",
        "assertion.repository == '‹var.owner›/‹var.repository›'",
        "assertion.repository.startsWith('‹var.owner›/')",
    ],
)
def test_condition_that_names_the_owner_keeps_others_out(condition: str) -> None:
    assert lets_in_other_owners(source(condition)) == NO


@pytest.mark.parametrize(
    "condition",
    [
        "‹var.condition›",
        "assertion.repository.startsWith('‹var.owner›')",
        "assertion.repository.split('/')[0] == 'acme'",
        "assertion.repository.matches('^(acme|beta)/.*$')",
        "assertion.some_other_claim == 'x'",
        "assertion.groups.exists(g, g == 'x')",
    ],
)
def test_condition_that_cannot_be_decided_is_not_known(condition: str) -> None:
    assert lets_in_other_owners(source(condition)).truth is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("issuer", "condition", "expected"),
    [
        (GITLAB, "assertion.project_path.startsWith('acme')", YES),
        (GITLAB, "assertion.project_path.startsWith('acme/')", NO),
        (GITLAB, "assertion.ref_protected == 'true'", YES),
        (GITLAB, "assertion.namespace_path == 'acme'", NO),
        (TERRAFORM, "assertion.sub.startsWith('organization:acme')", YES),
        (TERRAFORM, "assertion.sub.startsWith('organization:acme:')", NO),
        (TERRAFORM, "assertion.terraform_workspace_name == 'production'", YES),
        (TERRAFORM, "assertion.terraform_organization_name == 'acme'", NO),
        ("https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", "", NO),
    ],
)
def test_owner_is_named_by_another_claim_of_each_issuer(
    issuer: str, condition: str, expected: object
) -> None:
    assert lets_in_other_owners(source(condition, issuer)) == expected


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("attribute.actor", "alice", YES),
        ("attribute.repository", "acme/x", NO),
        ("attribute.owner", "acme", NO),
        ("google.subject", "repo:acme/x:ref:refs/heads/main", NO),
    ],
)
def test_member_of_a_pool_is_outside_where_other_owners_have_the_attribute(
    attribute: str, value: str, expected: object
) -> None:
    open_to_all = source("assertion.ref == 'refs/heads/main'")
    assert lets_in_other_owners(open_to_all, attribute, value) == expected
    confined = source("assertion.repository_owner == 'acme'")
    assert lets_in_other_owners(confined, attribute, value) == NO
