"""Service accounts of the invented company, and the identity pools of its pipelines."""

from __future__ import annotations

from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_items.hierarchy import COLLEAGUES, PARTNER
from tests.estate.gcp_kinds import DEFAULT_ACCOUNT, FEW, account_of
from tests.estate.gcp_world import PROJECT, Thing, Told

_STRUCK: tuple[tuple[str, ...], ...] = (
    ("gcp-iam/ml-account-basic-role", "gcp-iam/ml-account-can-escalate",
     "gcp-iam/ml-account-acts-as-any"),
    ("gcp-iam/ml-account-full-ml-access",),
    ("gcp-iam/ml-account-writes-every-bucket",),
    ("gcp-iam/ml-account-reads-every-secret", "gcp-iam/ml-account-changes-guardrails",
     "gcp-iam/ml-account-stops-logging"),
    ("gcp-iam/ml-account-externally-usable", "gcp-iam/ml-account-has-keys",
     "gcp-iam/ml-account-key-old"),
)  # fmt: skip
_PROVIDER = Planted(rule="gcp-iam/identity-provider-unrestricted", every=5, which=0)
_DEFAULT = Planted(rule="gcp-iam/ml-default-service-account", every=5, which=2)
_ACCOUNTS = tuple(
    Planted(rule=rule, every=5, which=n) for n, rules in enumerate(_STRUCK) for rule in rules
)
FAULTS: tuple[Planted, ...] = (*_ACCOUNTS, _PROVIDER, _DEFAULT)


def account_id(email: str) -> str:
    """Give the full name of a service account."""
    return f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{email}"


def of_company() -> list[Thing | Told]:
    pool = f"projects/{PROJECT}/locations/global/workloadIdentityPools/builds"
    body = {"name": pool, "state": "ACTIVE"}
    return [
        Thing(document="iam.v1", schema="WorkloadIdentityPool", path=pool, body=body),
        *_account(DEFAULT_ACCOUNT, [], []),
        *_account(f"notebooks@{PROJECT}.iam.gserviceaccount.com", [], []),
    ]


def of_deployment(site: Site) -> list[Thing | Told]:
    email, keys = account_of(site), list[dict[str, Any]]()
    for fault in _ACCOUNTS:
        site.is_struck(fault, account_id(email))
    bindings = [binding("roles/iam.serviceAccountUser", COLLEAGUES)]
    if site.some(5, 4):
        bindings.append(binding("roles/iam.serviceAccountTokenCreator", PARTNER))
        keys.append(_key(email, "2020-01-01T00:00:00Z", is_off=False))
    if site.some(5, 3):
        keys.append(_key(email, "2020-01-01T00:00:00Z", is_off=True))
    things = _account(email, keys, bindings)
    return things if site.deployment.index >= FEW else [*things, _provider(site)]


def _account(
    email: str, keys: list[dict[str, Any]], bindings: list[dict[str, Any]]
) -> list[Thing | Told]:
    path = f"projects/{PROJECT}/serviceAccounts/{email}"
    return [
        Thing(
            document="iam.v1",
            schema="ServiceAccount",
            path=path,
            body={"name": path, "email": email, "projectId": PROJECT},
            policy={"bindings": bindings},
            asset="iam.googleapis.com/ServiceAccount",
        ),
        Told(
            document="iam.v1",
            schema="ListServiceAccountKeysResponse",
            path=f"{path}/keys",
            body={"keys": keys},
        ),
    ]


def _key(email: str, made_at: str, *, is_off: bool) -> dict[str, Any]:
    return {
        "name": f"projects/{PROJECT}/serviceAccounts/{email}/keys/0f",
        "keyType": "USER_MANAGED",
        "validAfterTime": made_at,
        "validBeforeTime": "9999-12-31T23:59:59Z",
        "disabled": is_off,
    }


def _provider(site: Site) -> Thing:
    path = f"projects/{PROJECT}/locations/global/workloadIdentityPools/builds/providers/{site.name}"
    body: dict[str, Any] = {
        "name": path,
        "state": "ACTIVE",
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        "attributeMapping": {"google.subject": "assertion.sub"},
    }
    if not site.is_struck(_PROVIDER, f"//iam.googleapis.com/{path}"):
        body["attributeCondition"] = "assertion.repository_owner == 'nordlicht'"
    return Thing(document="iam.v1", schema="WorkloadIdentityPoolProvider", path=path, body=body)


def specimens() -> list[Thing | Told]:
    return []
