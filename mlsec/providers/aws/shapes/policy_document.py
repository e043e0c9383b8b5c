"""An IAM policy document as a flat list of statements that rules and the graph can read."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

_ACCOUNT_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root\Z")


class ShapeError(ValueError):
    """A raw value that does not have the form its shape needs: malformed, never absent."""


def read_policy(raw: Any) -> list[dict[str, Any]] | None:
    """Turn a policy document into its statements, in order.

    Args:
        raw: the document as mapping, JSON text or URL-quoted JSON text; "" and None mean none.

    Returns:
        One mapping per statement: sid, effect, principals, not_principals, actions, not_actions,
        resources, not_resources (lists of string), conditions (list of operator, key, values),
        has_condition. An account's root principal is given as the 12-digit account id.

    Raises:
        ShapeError: not a policy document.
    """
    if raw is None or raw == "":
        return None
    document = _decode(raw)
    if not isinstance(document, Mapping):
        raise ShapeError("a policy document is a JSON object")
    statements = document.get("Statement", [])
    return [_statement(item) for item in _each(statements)]


def read_named_policies(raw: Any) -> list[dict[str, Any]] | None:
    """Turn inline policies ({PolicyName, PolicyDocument}) into one list of statements.

    Each statement carries the name of its policy in ``policy``.

    Raises:
        ShapeError: a policy is named, and nothing says what stands in it.
    """
    if raw is None:
        return None
    written = {item.get("PolicyName") for item in raw if item.get("PolicyDocument") is not None}
    for item in raw:
        if item.get("PolicyName") not in written:
            raise ShapeError(f'what stands in the policy "{item.get("PolicyName")}" is not said')
    return [
        {"policy": str(item.get("PolicyName", "")), **statement}
        for item in raw
        for statement in read_policy(item.get("PolicyDocument")) or []
    ]


def read_default_version(raw: Any) -> list[dict[str, Any]] | None:
    """Give the statements of the version that is in force, of a list of policy versions.

    Raises:
        ShapeError: no version is marked as the default, so what is allowed is not known.
    """
    if raw is None:
        return None
    for version in raw:
        if version.get("IsDefaultVersion"):
            return read_policy(version.get("Document"))
    raise ShapeError("no policy version is marked as the default")


def _decode(raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    text = raw if raw.lstrip().startswith("{") else urllib.parse.unquote(raw)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ShapeError("a policy document that is not JSON") from error


def _statement(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise ShapeError("a policy statement is a JSON object")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ShapeError(f"the effect of a policy statement is Allow or Deny, not {effect!r:.40}")
    conditions = _conditions(raw.get("Condition"))
    return {
        "sid": str(raw.get("Sid", "")),
        "effect": effect,
        "principals": _principals(raw.get("Principal")),
        "not_principals": _principals(raw.get("NotPrincipal")),
        "actions": _texts(raw.get("Action")),
        "not_actions": _texts(raw.get("NotAction")),
        "resources": _texts(raw.get("Resource")),
        "not_resources": _texts(raw.get("NotResource")),
        "conditions": conditions,
        "has_condition": bool(conditions),
    }


def _principals(raw: Any) -> list[str]:
    """Flatten a principal; ``{"AWS": "*"}`` and ``"*"`` mean the same: everybody."""
    if not isinstance(raw, Mapping):
        return [_account(item) for item in _texts(raw)]
    return [_account(item) for _, values in sorted(raw.items()) for item in _texts(values)]


def _account(principal: str) -> str:
    match = _ACCOUNT_ROOT.match(principal)
    return match.group(1) if match else principal


def _conditions(raw: Any) -> list[dict[str, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        raise ShapeError("a policy condition is a JSON object")
    return [
        {"operator": str(operator), "key": str(key), "values": _texts(values)}
        for operator, keys in sorted(raw.items())
        for key, values in sorted(_mapping(keys).items())
    ]


def _mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise ShapeError("a policy condition maps keys to values")
    return raw


def _each(raw: Any) -> list[Any]:
    return list(raw) if isinstance(raw, list | tuple) else [raw]


def _texts(raw: Any) -> list[str]:
    if raw is None:
        return []
    return [_text(item) for item in _each(raw)]


def _text(raw: Any) -> str:
    """JSON booleans in conditions are written as the words that IAM compares."""
    return str(raw).lower() if isinstance(raw, bool) else str(raw)
