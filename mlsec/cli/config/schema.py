"""The JSON Schema of mlsec.yaml, for editors: made from the parser of ``mlsec scan``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from mlsec.cli.config.options import configurable
from mlsec.cli.config.read import ENVIRONMENTS
from mlsec.cli.config.values import is_joined, is_list, is_switch
from mlsec.cli.values import percentage, positive, positive_number

_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
_NUMBERS: Mapping[Any, Mapping[str, Any]] = {
    positive: {"type": "integer", "minimum": 1},
    positive_number: {"type": "number", "exclusiveMinimum": 0},
    percentage: {"type": "number", "minimum": 0, "maximum": 100},
}


def config_schema() -> bytes:
    """Give the schema as it is written to docs/config.schema.json."""
    options = configurable()[1]
    properties = {name: _option(action) for name, action in sorted(options.items())}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlsec.yaml",
        "description": "Settings of mlsec scan. The command line and MLSEC_* variables go first.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **properties,
            ENVIRONMENTS: {
                "description": "Named sets of the same keys, chosen by --environment NAME.",
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/environment"},
            },
        },
        "$defs": {
            "environment": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {name: {"$ref": f"#/properties/{name}"} for name in properties},
            }
        },
    }
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _option(action: argparse.Action) -> Mapping[str, Any]:
    return {"description": action.help or "", **_type(action)}


def _type(action: argparse.Action) -> Mapping[str, Any]:
    if is_switch(action):
        return {"type": "boolean"}
    item = _item(action)
    if is_list(action) or is_joined(action):
        return {"anyOf": [item, {"type": "array", "items": item}]}
    return {"anyOf": [item, {"type": "boolean"}]} if action.nargs == "?" else item


def _item(action: argparse.Action) -> Mapping[str, Any]:
    if action.choices:
        return {"enum": [str(choice) for choice in action.choices]}
    return _NUMBERS.get(action.type, _TEXT)
