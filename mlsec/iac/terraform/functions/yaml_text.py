"""YAML text in which some parts are only known at the apply: taken apart around them."""

from __future__ import annotations

import re

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.terraform.values import (
    Encoded,
    InvalidValue,
    Joined,
    Symbol,
    Value,
    join_text,
    why_hidden,
)

# Characters that YAML takes anywhere in a text and nobody writes.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE = re.compile(f"({_OPEN}[0-9]+{_CLOSE})")


def documents_of(value: Value) -> list[Value] | UnknownValue:
    """Give the documents of YAML text; in them stands what is not known of it.

    Raises:
        OverLimitError: it is too deep or too long.
    """
    if isinstance(value, Encoded):
        return [value.value]
    if isinstance(value, UnknownValue):
        return value
    if isinstance(value, Symbol):
        return why_hidden(value)
    parts = value.parts if isinstance(value, Joined) else (value,)
    holes: dict[str, Symbol | UnknownValue] = {}
    pieces: list[str] = []
    for at, part in enumerate(parts):
        if isinstance(part, str):
            pieces.append(part)
        else:
            holes[f"{_OPEN}{at}{_CLOSE}"] = part
            pieces.append(f"{_OPEN}{at}{_CLOSE}")
    if any(_OPEN in part for part in parts if isinstance(part, str)):
        return UnknownValue("YAML text with characters of private use")
    from mlsec.collect.located import yaml as marked_yaml  # noqa: PLC0415 - it loads much, and is rarely used

    try:
        documents = list(marked_yaml.parse_documents("".join(pieces)))
    except LimitError as error:
        raise OverLimitError(error.message) from None
    except MlsecError as error:
        if holes:
            return UnknownValue("YAML text whose form only the apply knows")
        return InvalidValue(str(error.message))
    return [_filled(document, holes) for document in documents]


def _filled(node: Node, holes: dict[str, Symbol | UnknownValue]) -> Value:
    value = node.value
    if isinstance(value, tuple):
        return [_filled(item, holes) for item in value]
    if isinstance(value, dict):
        if any(_OPEN in key for key in value):
            return UnknownValue("a map with a key that only the apply knows")
        return {key: _filled(item, holes) for key, item in value.items()}
    if isinstance(value, str) and _OPEN in value:
        pieces = [holes.get(piece, piece) for piece in _HOLE.split(value) if piece]
        # A hole that is all of a value may be of any kind.
        return pieces[0] if len(pieces) == 1 else join_text(pieces)
    return value
