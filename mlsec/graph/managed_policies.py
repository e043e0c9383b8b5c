"""What the best known policies that AWS itself manages allow, where code only names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AWS_OWN = ":iam::aws:policy/"


def _allow(**what: list[str]) -> dict[str, Any]:
    return {"effect": "Allow", "resources": ["*"], **what}


# By their documents as AWS publishes them; the rest is not known, and so neither allowed nor not.
_KNOWN: Mapping[str, tuple[dict[str, Any], ...]] = {
    "AdministratorAccess": (_allow(actions=["*"]),),
    "AmazonS3FullAccess": (_allow(actions=["s3:*", "s3-object-lambda:*"]),),
    "IAMFullAccess": (_allow(actions=["iam:*"]),),
    "PowerUserAccess": (
        _allow(not_actions=["iam:*", "organizations:*", "account:*"]),
        _allow(actions=["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"]),
    ),
}


def statements_of_aws(arn: str) -> tuple[dict[str, Any], ...] | None:
    """Give the statements of a policy that AWS manages; None when it is not among the known."""
    _, is_own, name = arn.partition(_AWS_OWN)
    return _KNOWN.get(name) if is_own else None
