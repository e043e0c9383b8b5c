"""What a policy of trust says for certain where code leaves parts of it open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue

# Principals of these kinds are no service, whoever they are. A service is known by its name alone.
_NO_SERVICES = ("Federated", "AWS", "CanonicalUser")
_SOMEBODY = "‹not known›"


class _NotKnownError(Exception):
    """Which services are trusted is not known."""


def trust_of(node: Node) -> Any:
    """Give of a policy of trust what says which services it lets in; None where that is open.

    Its conditions are left out, and so are actions that are not known. A principal that is not
    known and no service has no name.
    """
    statements = node.get("Statement")
    if statements is None or isinstance(statements.value, UnknownValue):
        return None
    several = statements.value if isinstance(statements.value, tuple) else (statements,)
    try:
        return {"Statement": [_trusting(statement) for statement in several]}
    except _NotKnownError:
        return None


def _trusting(statement: Node) -> dict[str, Any]:
    if not isinstance(statement.value, Mapping) or "NotPrincipal" in statement.value:
        raise _NotKnownError
    effect, principal = statement.get("Effect"), statement.get("Principal")
    if effect is None or effect.value not in ("Allow", "Deny") or principal is None:
        raise _NotKnownError
    if not isinstance(principal.value, Mapping):
        raise _NotKnownError
    named = {
        kind: _names(entry, is_service=kind not in _NO_SERVICES)
        for kind, entry in principal.value.items()
    }
    return {"Effect": effect.value, "Principal": named, **_actions(statement)}


def _actions(statement: Node) -> dict[str, list[str]]:
    """Give the actions of a statement where all of them are known."""
    listed = statement.get("Action")
    if listed is None:
        return {}
    several = listed.value if isinstance(listed.value, tuple) else (listed,)
    names = [item.value for item in several]
    is_known = all(isinstance(name, str) for name in names)
    return {"Action": names} if is_known else {}


def _names(node: Node, *, is_service: bool) -> list[str]:
    several = node.value if isinstance(node.value, tuple) else (node,)
    names = [item.value for item in several]
    if is_service and not all(isinstance(name, str) for name in names):
        raise _NotKnownError
    return [name if isinstance(name, str) else _SOMEBODY for name in names]
