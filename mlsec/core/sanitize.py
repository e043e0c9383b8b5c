"""Foreign text made harmless for a terminal, a log and a document."""

from __future__ import annotations

import re
from typing import Any

from mlsec.core.regex import regex

_UNSAFE = regex(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

# What no text may hold that is written as UTF-8, or that changes how the text around it is shown.
_CONTROL = regex("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

_ESCAPE = regex(r"\\u([0-9a-f]{4})")


def visible(text: str, limit_chars: int = 0) -> str:
    """Show control, bidi and zero-width characters and lone surrogates as escapes.

    Args:
        text: any string from outside.
        limit_chars: cut to this many characters with an ellipsis; 0 for no limit.
    """
    if limit_chars and len(text) > limit_chars:
        text = text[: limit_chars - 1] + "…"
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def plain_name(name: str) -> str:
    """Give a name as text that can be encoded: control characters and stray bytes as escapes."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", name)


def name_bytes(plain: str) -> bytes:
    """Give the bytes of a file's name as ``plain_name`` was given it.

    A name that itself holds such an escape cannot be distinguished from one that needed it.
    """
    text = _ESCAPE.sub(_unescaped, plain)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _unescaped(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if _CONTROL.match(char) else match[0]


def plain_texts(value: Any) -> Any:
    """Give a document of mappings and lists with every text, keys too, as ``plain_name`` does."""
    match value:
        case str():
            return plain_name(value)
        case dict():
            return {plain_texts(key): plain_texts(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_texts(item) for item in value]
        case _:
            return value
