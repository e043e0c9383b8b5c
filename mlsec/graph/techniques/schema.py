"""The JSON Schema of technique files for editors, generated from the words of the clouds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mlsec.graph.techniques.load import EXAMPLE_KEYS, REQUIRED
from mlsec.graph.techniques.technique import Gain, QuestionWord, Words

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}


def technique_schema(clouds: Iterable[Words]) -> bytes:
    """Give the schema as it is written to rules/schema/technique.schema.json."""
    words = tuple(clouds)
    questions = [(name, word) for cloud in words for name, word in cloud.questions.items()]
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlsec technique",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": {
            "title": _TEXT,
            "label": {**_TEXT, "description": "what reports call it, in place of its rights"},
            "gives": {"enum": [gain.value for gain in Gain]},
            "sources": {"type": "array", "items": {"type": "string", "pattern": "^[a-z-]+:.+"}},
            "target": {"enum": sorted({kind for cloud in words for kind in cloud.targets})},
            "needs": {"$ref": "#/$defs/needs"},
            "open": {"$ref": "#/$defs/examples"},
            "closed": {"$ref": "#/$defs/examples"},
            "references": {"type": "array", "items": _TEXT},
        },
        "$defs": {
            "needs": {
                "anyOf": [
                    {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/need"}},
                    {"$ref": "#/$defs/need"},
                ]
            },
            "need": {
                "anyOf": [
                    *(_group(name) for name in ("all", "any")),
                    *(_question(name, word) for name, word in questions),
                ]
            },
            "examples": {"type": "array", "minItems": 1, "items": _example(words)},
        },
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"


def _group(name: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name],
        "properties": {name: {"$ref": "#/$defs/needs"}},
    }


def _question(name: str, word: QuestionWord) -> Schema:
    fields = {key: {"enum": list(values)} if values else {} for key, values in word.fields.items()}
    return {
        "type": "object",
        "description": word.about,
        "additionalProperties": False,
        "required": [name, *word.required],
        "properties": {name: {}, **fields},
    }


def _example(words: tuple[Words, ...]) -> Schema:
    keys = sorted({*EXAMPLE_KEYS, *(key for cloud in words for key in cloud.example_keys)})
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _TEXT if key == "because" else {} for key in keys},
    }
