"""``aws_iam_policy_document`` as the JSON that it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import UnknownValue, plain
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.terraform.values import Encoded, InvalidValue, Value, is_plain, is_small, weigh

_LISTS = (
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
)


def document(given: Mapping[str, Value], budget: Budget) -> Value:
    """Give the policy as JSON text: sources first, own statements, then what overrides them.

    A statement of a later document takes the place of the one with the same sid.

    Raises:
        OverLimitError: documents that are made of each other grow too long.
    """
    statements: list[Value] = []
    for name in ("source_json", "source_policy_documents"):
        added = _documents(given.get(name), budget)
        if isinstance(added, UnknownValue):
            return added
        statements += added
    own = given.get("statement", [])
    if isinstance(own, UnknownValue):
        return own
    statements = _over(statements, [_statement(item) for item in own])
    for name in ("override_json", "override_policy_documents"):
        added = _documents(given.get(name), budget)
        if isinstance(added, UnknownValue):
            return added
        statements = _over(statements, added)
    made: dict[str, Value] = {"Version": given.get("version") or "2012-10-17"}
    if given.get("policy_id") is not None:
        made["Id"] = given["policy_id"]
    made["Statement"] = statements
    budget.spend(weigh(made))
    if not is_small(made):
        raise OverLimitError("a policy of too many parts")
    return json.dumps(made) if is_plain(made) else Encoded(made)


def _documents(given: Value, budget: Budget) -> list[Value] | UnknownValue:
    """Give the statements of documents that are given as JSON texts."""
    if given is None or isinstance(given, UnknownValue):
        return given if isinstance(given, UnknownValue) else []
    values: list[Value] = []
    for item in given if isinstance(given, list) else [given]:
        budget.spend(weigh(item) + (len(item) // 4 if isinstance(item, str) else 0))
        decoded = _decoded(item)
        if isinstance(decoded, UnknownValue):
            return decoded
        inner = decoded.get("Statement", []) if isinstance(decoded, dict) else []
        if isinstance(inner, UnknownValue):
            return inner
        values = _over(values, inner if isinstance(inner, list) else [inner])
    return values


def _decoded(text: Value) -> Value:
    if isinstance(text, Encoded):
        return text.value
    if isinstance(text, UnknownValue):
        return text
    if not isinstance(text, str):
        return UnknownValue("a policy document that only the apply knows")
    try:
        return plain(marked_json.parse(text)) if text else {}
    except MlsecError as error:
        if isinstance(error, LimitError):
            raise OverLimitError(error.message) from None
        return InvalidValue(error.message)


def _over(before: list[Value], after: list[Value]) -> list[Value]:
    made = list(before)
    places = {_sid(value): at for at, value in enumerate(made) if _sid(value)}
    for item in after:
        at = places.get(_sid(item))
        if at is None:
            made.append(item)
        else:
            made[at] = item
    return made


def _sid(statement: Value) -> str:
    sid = statement.get("Sid") if isinstance(statement, dict) else None
    return sid if isinstance(sid, str) else ""


def _statement(given: Value) -> Value:
    if not isinstance(given, dict):
        return given
    made: dict[str, Any] = {}
    if given.get("sid"):
        made["Sid"] = given["sid"]
    made["Effect"] = given.get("effect") or "Allow"
    for name, key in _LISTS:
        value = given.get(name)
        if value is not None and value != []:
            made[key] = value
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if given.get(name):
            made[key] = _principals(given[name])
    if given.get("condition"):
        made["Condition"] = _conditions(given["condition"])
    return made


def _principals(given: Value) -> Value:
    if not isinstance(given, list):
        return given
    made: dict[str, Value] = {}
    for item in given:
        if not isinstance(item, dict):
            return item
        kind, who = item.get("type"), item.get("identifiers")
        if not isinstance(kind, str):
            return kind if isinstance(kind, UnknownValue) else UnknownValue("a kind of principal")
        if kind == "*" and who == ["*"]:
            return "*"
        before = made.get(kind, [])
        if isinstance(before, list) and isinstance(who, list):
            who = [*before, *who]
        made[kind] = who
    return made


def _conditions(given: Value) -> Value:
    if not isinstance(given, list):
        return given
    made: dict[str, dict[str, Value]] = {}
    for item in given:
        if not isinstance(item, dict):
            return item
        test, variable = item.get("test"), item.get("variable")
        if not isinstance(test, str) or not isinstance(variable, str):
            return UnknownValue("a condition of a policy that only the apply knows")
        made.setdefault(test, {})[variable] = item.get("values")
    return made
