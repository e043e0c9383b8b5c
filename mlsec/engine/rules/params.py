"""Parameters: what an organisation may tune, within bounds, and how an override reaches a rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_text
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.property_reader import TEXT_ITEMS
from mlsec.engine.model.diagnostics import Diagnostics, RuleFilesError
from mlsec.engine.model.property_resolution import find_in
from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Parameter,
    Quantifier,
    Rule,
    RuleSet,
)
from mlsec.engine.rules.constants import why_wrong
from mlsec.vocabulary.types import Type, Vocabulary

TYPES = ("int", "float", "string", "bool", "list of string")
_KEYS = ("type", "default", "min", "max", "about")


def read_params(raw: Any, mistakes: Diagnostics) -> dict[str, Parameter]:
    """Read a rule's ``params``; mistakes are recorded and the bad ones left out."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        mistakes.add("params is a mapping of name to {type, default}", "params", "=")
        return {}
    result = {}
    for name, entry in raw.items():
        param = _read_param(name, entry, mistakes)
        if param is not None:
            result[name] = param
    return result


def _read_param(name: str, raw: Any, mistakes: Diagnostics) -> Parameter | None:
    here = ("params", name)
    if not isinstance(raw, dict) or "type" not in raw or "default" not in raw:
        mistakes.add(f'parameter "{name}" needs type and default', *here)
        return None
    for key in raw:
        if key not in _KEYS:
            mistakes.add(f'unknown key "{key}"{did_you_mean(key, _KEYS)}', *here, key)
    kind = str(raw["type"])
    if kind not in TYPES:
        suggestion = did_you_mean(kind, TYPES)
        mistakes.add(f'unknown parameter type "{kind}"{suggestion}', *here, "type", "=")
        return None
    param = Parameter(
        name=name,
        type=kind,
        default=raw["default"],
        min=raw.get("min"),
        max=raw.get("max"),
        about=str(raw.get("about", "")),
        value=raw["default"],
    )
    wrong = why_not_allowed(param, raw["default"])
    if wrong:
        mistakes.add(f'parameter "{name}": {wrong}', *here, "default", "=")
    return param


def why_not_allowed(param: Parameter, value: Any) -> str:
    """Say why a value does not suit a parameter, or ""."""
    is_bool = isinstance(value, bool)
    suits = {
        "int": isinstance(value, int) and not is_bool,
        "float": isinstance(value, int | float) and not is_bool,
        "string": isinstance(value, str),
        "bool": is_bool,
        "list of string": isinstance(value, list | tuple)
        and all(isinstance(item, str) for item in value),
    }
    if not suits[param.type]:
        return f"expected {param.type}, not {value!r}"
    if param.type in ("int", "float"):
        if not math.isfinite(value):
            return "expected a finite number"
        if param.min is not None and value < param.min:
            return f"{value} is below the minimum {param.min}"
        if param.max is not None and value > param.max:
            return f"{value} is above the maximum {param.max}"
    return ""


def load_overrides(path: Path, ruleset: RuleSet) -> dict[str, dict[str, Any]]:
    """Read ``{rule id: {parameter: value}}``; the result is what ``apply_overrides`` takes.

    Raises:
        MlsecError: the file cannot be read or holds no such mapping.
        RuleFilesError: an unknown rule or parameter, or a value that it does not allow.
    """
    try:
        text = read_named_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it is not UTF-8"
        raise MlsecError(f"the parameters cannot be read: {reason}", location=str(path)) from None
    return read_overrides(parse(text, str(path)), ruleset)


def read_overrides(document: Document, ruleset: RuleSet) -> dict[str, dict[str, Any]]:
    """Read and check ``{rule id: {parameter: value}}``; errors as ``load_overrides``."""
    mistakes = Diagnostics(document)
    raw = document.value
    if not isinstance(raw, dict):
        raise MlsecError("expected {rule id: {parameter: value}}", location=document.where())
    result: dict[str, dict[str, Any]] = {}
    for rule_id, values in raw.items():
        rule = ruleset.by_id(rule_id)
        if rule is None:
            known = [known.id for known in ruleset.rules]
            mistakes.add(f'unknown rule "{rule_id}"{did_you_mean(rule_id, known)}', rule_id)
        elif not isinstance(values, dict):
            mistakes.add("expected {parameter: value}", rule_id, "=")
        else:
            _check_values(rule, rule_id, values, ruleset.vocabulary, mistakes)
            result[rule.id] = values
    if mistakes.errors:
        raise RuleFilesError(mistakes.errors, "the parameters file")
    return result


def _check_values(
    rule: Rule,
    written_id: str,
    values: Mapping[str, Any],
    vocabulary: Vocabulary,
    mistakes: Diagnostics,
) -> None:
    for name, value in values.items():
        param = rule.params.get(name)
        if param is None:
            suggestion = did_you_mean(name, rule.params)
            message = f'{rule.id} has no parameter "{name}"{suggestion}'
            mistakes.add(message, written_id, name)
            continue
        wrong = why_not_allowed(param, value) or _why_unfit(rule, name, value, vocabulary)
        if wrong:
            mistakes.add(f'{rule.id} "{name}": {wrong}', written_id, name, "=")


def _why_unfit(rule: Rule, name: str, value: Any, vocabulary: Vocabulary) -> str:
    owner = vocabulary.types[rule.resource]
    for condition in (rule.when, rule.must):
        for compare, reading in _uses(condition, owner, vocabulary, name):
            wrong = why_wrong(
                compare.operator, reading.kind, reading.enum, value, may_be_empty=True
            )
            if wrong:
                return wrong
    return ""


def _uses(condition: Condition | None, owner: Type, vocabulary: Vocabulary, name: str) -> Any:
    stack: list[Any] = [(condition, owner, owner.properties)]
    while stack:
        current, here, properties = stack.pop()
        match current:
            case AllOf(parts=parts) | AnyOf(parts=parts):
                stack.extend((part, here, properties) for part in parts)
            case Not(part=part):
                stack.append((part, here, properties))
            case Compare() if current.param == name:
                reading = find_in(properties, current.path)
                if reading is not None:
                    yield current, reading
            case Quantifier(where=where, that=that):
                target = here
                if current.is_relation:
                    for step in current.path.split("."):
                        target = vocabulary.types[target.relations[step].to]
                    inner = target.properties
                else:
                    inner = properties[current.path].items or TEXT_ITEMS
                stack.extend((part, target, inner) for part in (where, that))


def apply_overrides(ruleset: RuleSet, overrides: Mapping[str, Mapping[str, Any]]) -> RuleSet:
    """Give the rule set with the overridden parameters in its conditions."""
    rules = tuple(
        _with_values(rule, overrides[rule.id]) if rule.id in overrides else rule
        for rule in ruleset.rules
    )
    return msgspec.structs.replace(ruleset, rules=rules)


def parameter_values(ruleset: RuleSet) -> dict[str, Any]:
    """Every parameter as judged with: ``{"rule-id.param": value}``, for the assessment."""
    return {
        f"{rule.id}.{name}": param.value
        for rule in ruleset.rules
        for name, param in sorted(rule.params.items())
    }


def changed_parameters(ruleset: RuleSet) -> dict[str, tuple[Any, Any]]:
    """Give the parameters that are not the rules' own: ``rule-id.param`` to value and default."""
    return {
        f"{rule.id}.{name}": (param.value, param.default)
        for rule in ruleset.rules
        for name, param in sorted(rule.params.items())
        if _plain(param.value) != _plain(param.default)
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _with_values(rule: Rule, values: Mapping[str, Any]) -> Rule:
    params = {
        name: msgspec.structs.replace(param, value=values.get(name, param.value))
        for name, param in rule.params.items()
    }
    when = _substitute(rule.when, values) if rule.when is not None else None
    must = _substitute(rule.must, values)
    return msgspec.structs.replace(rule, params=params, when=when, must=must)


def _substitute(condition: Condition, values: Mapping[str, Any]) -> Condition:
    match condition:
        case AllOf(parts=parts):
            return AllOf(parts=tuple(_substitute(part, values) for part in parts))
        case AnyOf(parts=parts):
            return AnyOf(parts=tuple(_substitute(part, values) for part in parts))
        case Not(part=part):
            return Not(part=_substitute(part, values))
        case Compare():
            if condition.param not in values:
                return condition
            value = values[condition.param]
            expected = tuple(value) if isinstance(value, list) else value
            return msgspec.structs.replace(condition, expected=expected)
        case Quantifier(where=where, that=that):
            return msgspec.structs.replace(
                condition,
                where=_substitute(where, values) if where is not None else None,
                that=_substitute(that, values) if that is not None else None,
            )
