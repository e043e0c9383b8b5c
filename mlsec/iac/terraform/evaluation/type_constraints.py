"""Type constraints of variables: values are converted, and optional attributes filled in."""

from __future__ import annotations

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.functions.collections import to_set
from mlsec.iac.terraform.syntax.tree import Call, Expr, Literal, Name, ObjectOf, TupleOf
from mlsec.iac.terraform.values import (
    InvalidValue,
    Value,
    bool_of,
    is_symbolic,
    number_of,
    text_of,
)


def convert(value: Value, wanted: Expr, evaluator: Evaluator) -> Value:
    """Give a value as a type constraint makes it; what does not fit is given as it is.

    Raises:
        OverLimitError: there is too much to convert.
    """
    evaluator.budget.spend(1)
    if value is None or isinstance(value, UnknownValue):
        return value
    if isinstance(wanted, Literal) and isinstance(wanted.value, str):
        return _primitive(value, wanted.value)
    if isinstance(wanted, Name):
        return _primitive(value, wanted.name)
    if not isinstance(wanted, Call) or not wanted.arguments:
        return value
    inner = wanted.arguments[0]
    match wanted.name:
        case "list" | "set" if isinstance(value, list):
            made = [convert(item, inner, evaluator) for item in value]
            return to_set(made) if wanted.name == "set" else made
        case "map" if isinstance(value, dict):
            return {key: convert(entry, inner, evaluator) for key, entry in value.items()}
        case "tuple" if isinstance(value, list) and isinstance(inner, TupleOf):
            pairs = zip(value, inner.items, strict=False)
            return [convert(entry, kind, evaluator) for entry, kind in pairs]
        case "object" if isinstance(value, dict) and isinstance(inner, ObjectOf):
            return _object(value, inner, evaluator)
        case "optional":
            return convert(value, inner, evaluator)
    return value


def _primitive(value: Value, name: str) -> Value:
    if is_symbolic(value):
        return value
    match name:
        case "string":
            made = text_of(value)
        case "number":
            made = number_of(value)
        case "bool":
            made = bool_of(value)
        case _:
            return value
    return value if isinstance(made, InvalidValue) else made


def _object(value: dict[str, Value], wanted: ObjectOf, evaluator: Evaluator) -> Value:
    made: dict[str, Value] = {}
    for key_expr, kind in wanted.items:
        key = str(key_expr.value) if isinstance(key_expr, Literal) else ""
        given = value.get(key)
        is_optional = isinstance(kind, Call) and kind.name == "optional"
        if given is None and isinstance(kind, Call) and is_optional and len(kind.arguments) > 1:
            given = evaluator.value(kind.arguments[1])
        if given is None and not is_optional and key not in value:
            made[key] = InvalidValue(f'the attribute "{key}" is required')
        else:
            made[key] = convert(given, kind, evaluator)
    return made
