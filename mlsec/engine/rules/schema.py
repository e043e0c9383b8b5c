"""The JSON Schema of rule files for editors, generated from the types and the vocabulary.

``make docs`` writes it to rules/schema/rule.schema.json, which git ignores; a wheel brings it:
``python -m mlsec.engine.rules.schema FILE`` is run when it is built.
"""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Category, Concern, Relation, RuleStatus, Severity
from mlsec.engine.model.rule import Operator, Quantity
from mlsec.engine.rules.check import KEYS, REQUIRED, TEST_KEYS
from mlsec.engine.rules.constants import SUITS
from mlsec.engine.rules.fix_check import FIX_KEYS, providers_of
from mlsec.engine.rules.params import TYPES
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary

Schema = dict[str, Any]
_PARAM: Schema = {"type": "string", "pattern": r"^\$[a-z][a-z0-9_]*$"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SCALARS: Mapping[Kind, Schema] = {
    Kind.BOOL: {"type": "boolean"},
    Kind.INT: {"type": "integer"},
    Kind.FLOAT: {"type": "number"},
}
_LISTS = (Operator.IN, Operator.NOT_IN, Operator.CONTAINS_ANY)
_TEXT_OR_LIST = (
    Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.IN_CIDR, Operator.OVERLAPS_CIDR
)  # fmt: skip
_SPANS = (Operator.OLDER_THAN, Operator.NEWER_THAN)


def schema_of_rules(vocabulary: Vocabulary) -> Schema:
    """Give the schema; its order is fixed, so that the same vocabulary gives the same bytes."""
    types = sorted(vocabulary.types)
    defs: Schema = {"condition": _loose_condition(), "param": _param_schema()}
    for kind in Kind:
        if kind is not Kind.ENUM:
            defs[kind.value] = _values(Property(name="", kind=kind))
    for name in types:
        defs[f"on-{name}"] = _condition_on(vocabulary.types[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlsec rule",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": {
            **{key: _key_schema(key, types) for key in KEYS},
            "fix": _fix_schema(providers_of(vocabulary)),
        },
        "allOf": [_if_resource(name) for name in types],
        "$defs": defs,
    }


def rule_schema(vocabulary: Vocabulary) -> bytes:
    """Give the schema as it is written to a file."""
    return msgspec.json.format(msgspec.json.encode(schema_of_rules(vocabulary)), indent=1) + b"\n"


def _key_schema(key: str, types: list[str]) -> Schema:
    condition = {"$ref": "#/$defs/condition"}
    fixed: dict[str, Schema] = {
        "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9-]*$"},
        "severity": _members(Severity),
        "category": _members(Category),
        "concern": _members(Concern),
        "status": _members(RuleStatus),
        "resource": {"enum": types},
        "when": condition,
        "assert": condition,
        "params": {"type": "object", "additionalProperties": {"$ref": "#/$defs/param"}},
        "controls": {
            "type": "array",
            "items": _object(
                {"id": _TEXT, "because": _TEXT, "relation": _members(Relation)}, ["id", "because"]
            ),
        },
        "tests": _object(
            {kind: {"type": "array", "items": {"type": "object"}} for kind in TEST_KEYS},
            ["pass", "fail", "not_assessed"],
        ),
    }
    lists = ("equivalents", "aliases", "references", "known_exceptions")
    return fixed.get(key, _TEXTS if key in lists else _TEXT)


def _fix_schema(providers: tuple[str, ...]) -> Schema:
    texts: dict[str, Schema] = {key: {"type": "string"} for key in FIX_KEYS}
    return _object({**texts, **{name: _object(texts, []) for name in providers}}, ["text"])


def _members(members: type[enum.Enum]) -> Schema:
    return {"enum": [member.value for member in members]}


def _object(properties: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _param_schema() -> Schema:
    number: Schema = {"type": "number"}
    fields: dict[str, Schema] = {
        "type": {"enum": list(TYPES)},
        "default": {},
        "min": number,
        "max": number,
        "about": {"type": "string"},
    }
    return _object(fields, ["type", "default"])


def _loose_condition() -> Schema:
    return {"type": "object", "minProperties": 1}


def _if_resource(name: str) -> Schema:
    on_type = {"$ref": f"#/$defs/on-{name}"}
    return {
        "if": {"properties": {"resource": {"const": name}}},
        "then": {"properties": {"when": on_type, "assert": on_type}},
    }


def _condition_on(owner: Type) -> Schema:
    here = {"$ref": f"#/$defs/on-{owner.name}"}
    several = {"type": "array", "items": here, "minItems": 1}
    properties: Schema = {"all": several, "any": several, "not": here}
    properties.update({quantity.value: _quantifier(owner) for quantity in Quantity})
    patterns: Schema = {}
    for name, prop in sorted(owner.properties.items()):
        properties[name] = _values(prop) if prop.kind is Kind.ENUM else _reference(prop)
        if prop.kind is Kind.MAP:
            patterns[f"^{re.escape(name)}\\..+$"] = {"$ref": f"#/$defs/{Kind.STRING.value}"}
    schema: Schema = {"type": "object", "minProperties": 1, "properties": properties}
    if patterns:
        schema["patternProperties"] = patterns
    return {**schema, "additionalProperties": False}


def _quantifier(owner: Type) -> Schema:
    lists = sorted(
        name for name, p in owner.properties.items() if p.kind in (Kind.LIST, Kind.STRINGS)
    )
    steps = sorted(re.escape(name) for name in owner.relations)
    condition = {"$ref": "#/$defs/condition"}
    fields: Schema = {"where": condition, "that": condition}
    if lists:
        fields["in"] = {"enum": lists}
    if steps:
        fields["via"] = {"type": "string", "pattern": f"^({'|'.join(steps)})(\\.|$)"}
    return _object(fields, [])


def _values(prop: Property) -> Schema:
    scalar = _scalar(prop)
    operators = {
        operator.value: {"anyOf": [_constant(operator, scalar), _PARAM]}
        for operator in Operator
        if prop.kind in SUITS[operator]
    }
    result = [{**_object(operators, []), "minProperties": 1}]
    if prop.kind in SUITS[Operator.EQ]:
        result += [scalar, {"type": "array", "items": scalar, "minItems": 1}, _PARAM]
    return {"anyOf": result}


def _reference(prop: Property) -> Schema:
    schema: Schema = {"$ref": f"#/$defs/{prop.kind.value.replace(' ', '%20')}"}
    return {**schema, "description": prop.about} if prop.about else schema


def _scalar(prop: Property) -> Schema:
    if prop.kind is Kind.ENUM:
        return {"enum": list(prop.enum)}
    return _SCALARS.get(prop.kind, {"type": "string"})


def _constant(operator: Operator, scalar: Schema) -> Schema:
    if operator is Operator.EXISTS:
        return {"type": "boolean"}
    if operator in _LISTS:
        items = _TEXT if operator is Operator.CONTAINS_ANY else scalar
        return {"type": "array", "items": items, "minItems": 1}
    if operator in _TEXT_OR_LIST:
        return {"anyOf": [_TEXT, _TEXTS]}
    if operator in (Operator.EQ, Operator.NE):
        return scalar
    if operator in _SPANS:
        return {"type": ["string", "number"]}
    is_order = operator in (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
    return {"type": "number"} if is_order else _TEXT


if __name__ == "__main__":
    shipped = load_vocabulary(content_folder("rules") / "vocabulary")
    Path(sys.argv[1]).write_bytes(rule_schema(shipped))
