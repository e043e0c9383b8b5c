"""The account of AWS that all of a root is made in, where its providers say which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlsec.core.regex import regex
from mlsec.iac.terraform.declaration import Declaration

_ACCOUNT = regex(r"[0-9]{12}\Z")
_ROLE = regex(r"arn:[^:]+:iam::([0-9]{12}):role/")
_TYPES = ("aws_", "awscc_")


def own_account(declarations: Iterable[Declaration]) -> str:
    """Give the one account that every provider in use is held to, "" where they do not say one.

    A provider is held to it by ``allowed_account_ids``, or acts as a role of it (``assume_role``).
    """
    accounts = {_held_to(d.provider) for d in declarations if d.type.startswith(_TYPES)}
    return accounts.pop() if len(accounts) == 1 else ""


def _held_to(provider: Any) -> str:
    allowed = provider.get("allowed_account_ids")
    if isinstance(allowed, list | tuple) and len(allowed) == 1:
        only = allowed[0]
        return only if isinstance(only, str) and _ACCOUNT.match(only) else ""
    role = provider.get("assume_role")
    first = role[-1] if isinstance(role, list | tuple) and role else role
    arn = first.get("role_arn") if isinstance(first, dict) else None
    named = _ROLE.match(arn) if isinstance(arn, str) else None
    return named.group(1) if named and allowed is None else ""
