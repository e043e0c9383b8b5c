"""Who outside of the account may assume a role, by the smallest trust policies of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.aws.facts.policies import ACCOUNT, OTHER, allow, deny, document, fact, role

_WEB = "sts:AssumeRoleWithWebIdentity"
_POOL = "eu-west-1:11111111-2222-3333-4444-555555555555"
_GITHUB, _GITLAB = "token.actions.githubusercontent.com", "gitlab.com"
_TERRAFORM, _COGNITO = "app.terraform.io", "cognito-identity.amazonaws.com"
_EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
_PARTNER = {"AWS": f"arn:aws:iam::{OTHER}:root"}
_TLS = {"Bool": {"aws:SecureTransport": "true"}}


def _token(issuer: str, /, like: str = "StringLike", **claims: str) -> dict[str, Any]:
    """Trust the tokens of an issuer in which the claims are like this."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    built_in = issuer in (_COGNITO, "accounts.google.com")
    when = {like: {f"{issuer}:{claim}": value for claim, value in claims.items()}}
    more = {"when": when} if claims else {}
    return allow(_WEB, None, principal={"Federated": issuer if built_in else provider}, **more)


def _guest(kind: str = "", pool: str = _POOL) -> dict[str, Any]:
    amr = {"ForAnyValue:StringLike": {f"{_COGNITO}:amr": kind}} if kind else {}
    when = {"StringEquals": {f"{_COGNITO}:aud": pool}} if pool else {}
    return allow(_WEB, None, principal={"Federated": _COGNITO}, when={**when, **amr})


def _assume(principal: Any, **when: Any) -> dict[str, Any]:
    return allow("sts:AssumeRole", None, principal=principal, **({"when": when} if when else {}))


_AUD = "sts.amazonaws.com"
OPEN: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("GitHub, any token", True, _token(_GITHUB)),
    ("GitHub, audience alone", True, _token(_GITHUB, aud=_AUD)),
    ("GitHub, any subject", True, _token(_GITHUB, aud=_AUD, sub="*")),
    ("GitHub, any repository", True, _token(_GITHUB, aud=_AUD, sub="repo:*")),
    ("GitHub, owners that begin so", True, _token(_GITHUB, sub="repo:acme*")),
    ("GitHub, a repository's name of any owner", True, _token(_GITHUB, sub="repo:*/app:*")),
    ("GitHub, an environment of any repository", True, _token(_GITHUB, sub="*:environment:prod")),
    ("GitHub, a workflow that anybody may call", True,
     _token(_GITHUB, job_workflow_ref="acme/shared/.github/workflows/deploy.yml@*")),
    ("GitHub, all but one repository", True,
     _token(_GITHUB, "StringNotLike", sub="repo:acme/app:*")),
    ("GitHub, one repository where there is a subject", False,
     _token(_GITHUB, "StringLikeIfExists", sub="repo:acme/app:*")),
    ("GitHub, an owner", False, _token(_GITHUB, aud=_AUD, sub="repo:acme/*")),
    ("GitHub, an owner by number", False, _token(_GITHUB, repository_owner_id="1234")),
    ("GitHub, an owner in a subject of one's own", False,
     _token(_GITHUB, sub="repository_owner:acme:*")),
    ("GitHub, a star that stands for itself", False, _token(_GITHUB, "StringEquals", sub="repo:*")),
    ("an enterprise on GitHub", False, _token(f"{_GITHUB}/acme", aud=_AUD)),
    ("GitLab, audience alone", True, _token(_GITLAB, aud="https://gitlab.com")),
    ("GitLab, a branch of any project", True, _token(_GITLAB, sub="project_path:*:ref:main")),
    ("GitLab, a group", False, _token(_GITLAB, sub="project_path:acme/*")),
    ("HCP Terraform, audience alone", True, _token(_TERRAFORM, aud="aws.workload.identity")),
    ("HCP Terraform, a workspace of anybody", True,
     _token(_TERRAFORM, sub="organization:*:project:*:workspace:prod:*")),
    ("HCP Terraform, an organisation", False, _token(_TERRAFORM, sub="organization:acme:*")),
    ("Buildkite, a pipeline of anybody", True, _token("agent.buildkite.com", sub="*:pipeline:p:*")),
    ("Bitbucket, a workspace's own issuer", False,
     _token("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc")),
    ("CircleCI, an organisation's own issuer", False, _token("oidc.circleci.com/org/1111")),
    ("a cluster's own issuer", False, _token(_EKS)),
    ("Google, audience alone", True,
     _token("accounts.google.com", aud="1.apps.googleusercontent.com")),
    ("Google, a service account", False,
     _token("accounts.google.com", sub="104857600000000000001")),
    ("Auth0, where everybody may sign up", "unread", _token("acme.eu.auth0.com", aud="app")),
    ("Auth0, a user", False, _token("acme.eu.auth0.com", sub="auth0|1234")),
    ("an issuer that is not known", "unread", _token("login.acme.example", aud="aws")),
    ("an issuer that is not known, a subject", False, _token("login.acme.example", sub="deployer")),
    ("Cognito, any pool", True, _guest(pool="")),
    ("Cognito, guests", True, _guest("unauthenticated")),
    ("Cognito, members", False, _guest("authenticated")),
    ("Cognito, members of any pool", True, _guest("authenticated", pool="")),
    ("Cognito, members or guests", "unread", _guest()),
    ("tokens of everybody", True, allow(_WEB, None, principal="*")),
    ("tokens of everybody, an owner on GitHub", False,
     allow(_WEB, None, principal={"Federated": "*"},
           when={"StringLike": {f"{_GITHUB}:sub": "repo:acme/*"}})),
    ("tokens of everybody, any repository on GitHub", True,
     allow(_WEB, None, principal={"Federated": "*"},
           when={"StringLike": {f"{_GITHUB}:sub": "repo:*"}})),
    ("SAML", False, allow("sts:AssumeRoleWithSAML", None,
                          principal={"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"})),
    ("a partner", True, _assume(_PARTNER)),
    ("a partner over TLS", True, _assume(_PARTNER, **_TLS)),
    ("a partner with any secret", True, _assume(_PARTNER, StringLike={"sts:ExternalId": "*"})),
    ("a partner with no secret", True, _assume(_PARTNER, StringEquals={"sts:ExternalId": ""})),
    ("a partner with a secret if he likes", True,
     _assume(_PARTNER, StringEqualsIfExists={"sts:ExternalId": "s3cret"})),
    ("a partner with a secret", False,
     _assume(_PARTNER, StringEquals={"sts:ExternalId": "s3cret"})),
    ("a partner's role by its name", True,
     _assume(_PARTNER, ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/x"})),
    ("everybody over TLS", True, _assume("*", **_TLS)),
    ("everybody who knows a word", True,
     _assume("*", StringEquals={"sts:ExternalId": "s3cret"})),
    ("everybody of a partner who knows a word", False,
     _assume("*", StringEquals={"sts:ExternalId": "s3cret", "aws:PrincipalAccount": OTHER})),
    ("everybody of our organisation who knows a word", False,
     _assume("*", StringEquals={"sts:ExternalId": "s3cret", "aws:PrincipalOrgID": "o-1"})),
    ("everybody with a tag", True, _assume("*", StringEquals={"aws:PrincipalTag/team": "ml"})),
    ("everybody of any organisation", True, _assume("*", StringLike={"aws:PrincipalOrgID": "o-*"})),
    ("everybody of our organisation", False,
     _assume("*", StringEquals={"aws:PrincipalOrgID": "o-1"})),
    ("everybody of our account", False,
     _assume("*", StringEquals={"aws:PrincipalAccount": ACCOUNT})),
)  # fmt: skip


@pytest.mark.parametrize(("expected", "statement"), [w[1:] for w in OPEN], ids=[w[0] for w in OPEN])
def test_role_is_open_to_who_meets_its_conditions(expected: Any, statement: dict[str, Any]) -> None:
    assert fact(role(trust=document(statement)), "has_unconditional_external_trust") == expected


def test_a_deny_of_all_other_repositories_closes_a_role() -> None:
    denied = deny(
        "sts:*", None, principal="*",
        when={"StringNotLike": {f"{_GITHUB}:sub": "repo:acme/*"}},
    )  # fmt: skip
    found = role(trust=document(_token(_GITHUB, aud=_AUD), denied))
    assert fact(found, "has_unconditional_external_trust") is False


_SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}
SOURCES: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("none", True, {}),
    ("any ARN", True, {"ArnLike": {"aws:SourceArn": "arn:*:*:*:*:*"}}),
    ("any account", True, {"StringLike": {"aws:SourceAccount": "*"}}),
    ("some accounts", True, {"StringLike": {"aws:SourceAccount": "1*"}}),
    ("another account", True, {"StringEquals": {"aws:SourceAccount": OTHER}}),
    ("another account's ARNs", True,
     {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{OTHER}:*"}}),
    ("some account", True, {"Null": {"aws:SourceAccount": "false"}}),
    ("ours if it is said", True, {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}),
    ("all but another", True, {"StringNotEquals": {"aws:SourceAccount": OTHER}}),
    ("over TLS", True, {"Bool": {"aws:SecureTransport": "true"}}),
    ("ours", False, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    ("our ARNs", False, {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:*"}}),
    ("our organisation", False, {"StringEquals": {"aws:SourceOrgID": "o-1"}}),
    ("any organisation", True, {"StringLike": {"aws:SourceOrgID": "o-*"}}),
)  # fmt: skip


@pytest.mark.parametrize(("lacks", "when"), [s[1:] for s in SOURCES], ids=[s[0] for s in SOURCES])
def test_a_source_condition_keeps_other_accounts_out(lacks: bool, when: dict[str, Any]) -> None:
    statement = _assume(_SAGEMAKER, **when)
    assert fact(role(trust=document(statement)), "trust_lacks_source_condition") is lacks


@pytest.mark.parametrize(
    ("service", "lacks"),
    [("ec2", False), ("lambda", False), ("sagemaker", True), ("bedrock", True), ("states", True)],
)
def test_a_service_that_takes_on_only_roles_of_its_account_needs_no_source_condition(
    service: str, lacks: bool
) -> None:
    found = role(trust=document(_assume({"Service": f"{service}.amazonaws.com"})))
    assert fact(found, "trust_lacks_source_condition") is lacks


OWN_ISSUERS: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("a cluster, any token", True, _token(_EKS)),
    ("a cluster, audience alone", True, _token(_EKS, "StringEquals", aud=_AUD)),
    ("a cluster, any service account", True, _token(_EKS, sub="system:serviceaccount:*:*")),
    ("a cluster, all but one", True,
     _token(_EKS, "StringNotEquals", sub="system:serviceaccount:ml:x")),
    ("a cluster, a service account", False,
     _token(_EKS, "StringEquals", aud=_AUD, sub="system:serviceaccount:ml:train")),
    ("a cluster, a namespace", False, _token(_EKS, sub="system:serviceaccount:ml:*")),
    ("CircleCI, audience alone", True, _token("oidc.circleci.com/org/1111", aud="1111")),
    ("CircleCI, a project", False,
     _token("oidc.circleci.com/org/1111", sub="org/1111/project/2/*")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("admits", "statement"), [o[1:] for o in OWN_ISSUERS], ids=[o[0] for o in OWN_ISSUERS]
)
def test_a_token_of_an_own_cluster_is_confined_by_its_subject(
    admits: bool, statement: dict[str, Any]
) -> None:
    found = role(trust=document(statement))
    assert fact(found, "trusts_own_issuer") is True
    assert fact(found, "admits_whole_issuer") is admits
    assert fact(found, "has_unconditional_external_trust") is False


def test_an_issuer_of_everybody_is_none_of_the_own() -> None:
    assert fact(role(trust=document(_token(_GITHUB, aud=_AUD))), "trusts_own_issuer") is False
    assert fact(role(trust=document(_assume(_PARTNER))), "trusts_own_issuer") is False
