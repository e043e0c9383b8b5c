"""Issuers of web identity tokens: who gets a token, and which of its claims say whose it is."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core import wildcard
from mlsec.core.regex import regex

COGNITO = "cognito-identity.amazonaws.com"
_FULL = r"^[^*?]+$"
_FIRST_PART = (r"^[^/*?]+/",)
_ORGANISATION = r"^organization:[^:*?]+:"


class Reach(enum.Enum):
    """Who gets a token of an issuer.

    ANYBODY: whoever has an account with it. TENANT: its address belongs to one customer, and only
    what runs there gets one. SIGN_UP: the customers of one, among whom everybody may be.
    """

    ANYBODY = "anybody"
    TENANT = "tenant"
    SIGN_UP = "sign-up"


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer by its address, without https:// (``*`` and ``?`` allowed).

    ``owners``: claims that say whose a token is, with what a value holds that names an owner.
    ``chosen``: claims that the holder chooses. One that is in neither is not known.
    ``subject``: what the claim sub of every token looks like.
    """

    address: str
    reach: Reach
    owners: Mapping[str, tuple[str, ...]] = {}
    chosen: frozenset[str] = frozenset()
    subject: str = "*"

    def names_owner(self, claim: str, value: str) -> bool:
        """Whether only the owner that a value (or pattern) names can have it in a token."""
        return bool(self.owners_named(claim, value))

    def owners_named(self, claim: str, value: str) -> frozenset[str]:
        """Give the owners that a value (or pattern) of a claim names, in small letters."""
        matches = (regex(pattern).search(value) for pattern in self.owners.get(claim, ()))
        parts = (match.group().strip("/:").lower() for match in matches if match)
        return frozenset(part.rpartition("/")[2].rpartition(":")[2] for part in parts)


def _shared(
    address: str,
    sub: tuple[str, ...],
    subject: str = "*",
    chosen: Iterable[str] = (),
    **more: tuple[str, ...],
) -> Issuer:
    return Issuer(
        address=address,
        subject=subject,
        reach=Reach.ANYBODY,
        owners={"sub": sub, **more},
        chosen=frozenset({"aud", "oaud", "azp", "amr", "app_id", *chosen}),
    )


# A name cannot hold a colon; a repository may put its claims into the subject in any order. That a
# workflow of somebody is called does not say who calls it.
_GITHUB_OWNER = (
    r"(^|:)(repo|repository):[^/:*?]+/",
    r"(^|:)(repository_owner|repository_owner_id|repository_id|enterprise|enterprise_id):[^:*?]+(:|$)",
)
_CHOSEN_ON_GITHUB = (
    "aud", "actor", "actor_id", "ref", "ref_type", "ref_protected", "environment", "workflow",
    "event_name", "base_ref", "head_ref", "job_workflow_ref", "runner_environment",
    "repository_visibility", "sha", "workflow_sha", "job_workflow_sha", "run_id", "run_number",
    "run_attempt", "jti",
)  # fmt: skip
_GITHUB = Issuer(
    address="token.actions.githubusercontent.com",
    reach=Reach.ANYBODY,
    owners={
        "sub": _GITHUB_OWNER,
        "repository": _FIRST_PART,
        # The workflow that began the run, not one that it calls, stands in the repository itself.
        "workflow_ref": _FIRST_PART,
        "repository_owner": (_FULL,),
        "repository_id": (_FULL,),
        "repository_owner_id": (_FULL,),
        "enterprise": (_FULL,),
        "enterprise_id": (_FULL,),
    },
    chosen=frozenset(_CHOSEN_ON_GITHUB),
)
_CHOSEN_ON_GITLAB = (
    "ref", "ref_type", "ref_path", "ref_protected", "environment", "environment_protected",
    "environment_action", "deployment_tier", "pipeline_id", "pipeline_source", "job_id",
    "job_project_id", "job_project_path", "job_source", "ci_config_ref_uri", "ci_config_sha",
    "runner_id", "runner_environment", "sha", "project_visibility", "user_access_level", "jti",
)  # fmt: skip
_CHOSEN_ON_TERRAFORM = (
    "terraform_run_phase", "terraform_run_id", "terraform_workspace_name",
    "terraform_project_name", "jti",
)  # fmt: skip
_CHOSEN_ON_BUILDKITE = (
    "pipeline_slug", "build_number", "build_branch", "build_tag", "build_commit", "build_source",
    "step_key", "job_id", "agent_id", "runner_environment", "cluster_name", "queue_key",
)  # fmt: skip
_TENANTS = (
    "token.actions.githubusercontent.com/?*", "oidc.eks.*.amazonaws.com/id/*",
    "oidc.eks.*.amazonaws.com.cn/id/*", "oidc-eks.*.api.aws/id/*", "oidc.circleci.com/org/?*",
    "api.bitbucket.org/2.0/workspaces/?*", "oidc.vercel.com/?*", "*.okta.com", "*.okta.com/*",
    "*.oktapreview.com", "*.oktapreview.com/*", "*.okta-emea.com", "*.okta-emea.com/*",
    "sts.windows.net/?*", "login.microsoftonline.com/?*", "*.app.spacelift.io",
    "*.semaphoreci.com", "app.harness.io/ng/api/oidc/account/?*", "container.googleapis.com/v1/?*",
    "*.oic.prod-aks.azure.com/*", "oidc.fly.io/?*", "*.onelogin.com/oidc/*",
)  # fmt: skip
_SIGN_UPS = (
    "*.auth0.com", "*.auth0.com/", "cognito-idp.*.amazonaws.com/?*", "securetoken.google.com/?*",
    "*.supabase.co/auth/v1", "*.clerk.accounts.dev",
)  # fmt: skip
_EVERYTHING_BUT_SIGNS = (_FULL,)
ISSUERS: tuple[Issuer, ...] = (
    _GITHUB,
    _shared(
        "gitlab.com",
        (r"^project_path:[^/:*?]+/",),
        "project_path:*/*",
        _CHOSEN_ON_GITLAB,
        project_path=_FIRST_PART,
        project_id=(_FULL,),
        namespace_path=(r"^[^/*?]+(/|$)",),
        namespace_id=(_FULL,),
    ),
    _shared(
        "app.terraform.io",
        (_ORGANISATION,),
        "organization:*:*",
        _CHOSEN_ON_TERRAFORM,
        terraform_full_workspace=(_ORGANISATION,),
        terraform_organization_name=(_FULL,),
        terraform_organization_id=(_FULL,),
        terraform_project_id=(_FULL,),
        terraform_workspace_id=(_FULL,),
    ),
    _shared(
        "agent.buildkite.com",
        (_ORGANISATION,),
        "organization:*:*",
        _CHOSEN_ON_BUILDKITE,
        organization_slug=(_FULL,),
        organization_id=(_FULL,),
        pipeline_id=(_FULL,),
    ),
    _shared("oidc.circleci.com", (r"^org/[^/*?]+/",)),
    _shared("oidc.vercel.com", (r"^owner:[^:*?]+:",), aud=(r"^https://vercel\.com/[^/*?]+$",)),
    _shared("oidc.codefresh.io", (r"^account:[^:*?]+:",)),
    _shared("scalr.io", (r"^account:[^:*?]+:",)),
    _shared("oidc.modal.com", (r"^modal:workspace_id:[^:*?]+:",)),
    _shared("api.pulumi.com/oidc", (r"^pulumi:[a-z]+:org:[^:*?]+:",), aud=(r"[^*?:]+$",)),
    # A number as audience is the id of the service account that asks.
    _shared(
        "accounts.google.com", (_FULL,), aud=(r"^\d{10,}$",), email=(r"@[^@*?]+$",), hd=(_FULL,)
    ),
    _shared("www.amazon.com", (_FULL,), user_id=(_FULL,)),
    _shared("graph.facebook.com", (_FULL,), id=(_FULL,)),
    _shared("appleid.apple.com", (_FULL,)),
    *(Issuer(address=address, reach=Reach.TENANT) for address in _TENANTS),
    *(
        Issuer(address=a, reach=Reach.SIGN_UP, owners={"sub": _EVERYTHING_BUT_SIGNS})
        for a in _SIGN_UPS
    ),
)
# Who gets a token of an issuer that is not in the table is not known; a subject that is named, or
# whose first parts are, is somebody's.
_OTHER = Issuer(
    address="*",
    reach=Reach.SIGN_UP,
    owners={"sub": (_FULL, r"^[^*?]*[:/|][^*?:/|]+[:/|]")},
    chosen=frozenset({"aud", "amr", "azp"}),
)


def issuer_of(provider: str) -> Issuer:
    """Find an issuer by the provider that a trust policy names: its address, or the ARN with it."""
    address = address_of(provider)
    return next((issuer for issuer in ISSUERS if wildcard.matches(issuer.address, address)), _OTHER)


def address_of(provider: str) -> str:
    """Give the address in a provider's ARN, or the provider itself."""
    _, sign, address = provider.partition(":oidc-provider/")
    return (address if sign else provider).removeprefix("https://").rstrip("/")
