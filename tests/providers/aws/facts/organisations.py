"""An organisation above the account of the small graphs: its levels and what is attached there."""

from __future__ import annotations

from typing import Any

from mlsec.core.resource import Resource
from tests.providers.aws.facts.policies import ACCOUNT, OTHER, SCOPE, allow, document

ORGANISATION = "o-ours123456"
ROOT, UNIT = "r-root", "ou-root-ml"
MEMBER = "444455556666"
EVERYTHING = allow("*")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
ROOT_ONLY = {ROOT: (EVERYTHING,), UNIT: (EVERYTHING,), ACCOUNT: (EVERYTHING,)}


def place(state: str = "read", path: tuple[str, ...] = (ROOT, UNIT, ACCOUNT)) -> Resource:
    """Make the account's place in the organisation."""
    return Resource(
        id=f"aws://{ACCOUNT}/organization",
        type="aws.organizations.account",
        provider="aws",
        scope=SCOPE,
        properties={
            "account_id": ACCOUNT,
            "organisation_id": None if state == "none" else ORGANISATION,
            "policies_above": state,
            "path": list(path),
        },
    )


def attached(kind: str, target: str, *statements: dict[str, Any], is_read: bool = True) -> Resource:
    """Make a policy that is attached to one level."""
    name = f"p-{kind[0]}-{target}-{len(statements)}-{is_read}"
    return Resource(
        id=f"arn:aws:organizations::{OTHER}:policy/{ORGANISATION}/{name}",
        type="aws.organizations.policy",
        provider="aws",
        scope=SCOPE,
        name=name,
        properties={
            "kind": kind,
            "targets": [target],
            **({"statements": document(*statements)} if is_read else {}),
        },
    )


def members(*accounts: str) -> Resource:
    """Make the organisation with its accounts."""
    return Resource(
        id=f"arn:aws:organizations::{OTHER}:organization/{ORGANISATION}",
        type="aws.organizations.organization",
        provider="aws",
        scope=SCOPE,
        properties={
            "organisation_id": ORGANISATION,
            "management_account": "777788889999",
            "members": sorted({ACCOUNT, *accounts}),
        },
    )


def service_controls(**by_level: tuple[dict[str, Any], ...]) -> tuple[Resource, ...]:
    """Make one service control policy a level: everything where nothing else is said."""
    named = {"root": ROOT, "unit": UNIT, "account": ACCOUNT}
    return (
        place(),
        members(),
        *(attached(SCP, at, *by_level.get(name, (EVERYTHING,))) for name, at in named.items()),
    )


def resource_controls(*denies: dict[str, Any], at: str = ROOT) -> tuple[Resource, ...]:
    """Make the resource control policies: AWS's own on each level, and one with denies."""
    return (
        place(),
        members(MEMBER),
        *(attached(RCP, level, allow("*", principal="*")) for level in (ROOT, UNIT, ACCOUNT)),
        attached(RCP, at, *denies, deny_nothing()),
    )


def deny_nothing() -> dict[str, Any]:
    """Write a deny that no request meets, which tells policies of one level apart."""
    return {"Effect": "Deny", "Principal": "*", "Action": "swf:Nothing", "Resource": "*"}
