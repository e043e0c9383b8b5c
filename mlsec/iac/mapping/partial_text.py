"""Texts put together of parts, some of which are not known: both evaluators join them so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue, over_limit

MAX_CHARS = 1_000_000


def joined(parts: Iterable[Any]) -> str | UnknownValue:
    """Put parts together: plain scalars and ``UnknownValue``; the result is known if all are.

    A text that grows beyond ``MAX_CHARS`` is not known either.
    """
    words: list[str] = []
    hidden: UnknownValue | None = None
    is_worded, size, is_given = True, 0, False
    for part in parts:
        if isinstance(part, UnknownValue):
            hidden = hidden or part
            is_worded = is_worded and bool(part.text)
            is_given = is_given or part.is_given
            word = part.text
        else:
            word = scalar_text(part)
            is_given = is_given or bool(word)
        size += len(word)
        if size > MAX_CHARS:
            return over_limit(f"a text of more than {MAX_CHARS:,} characters")
        words.append(word)
    text = "".join(words)
    if hidden is None:
        return text
    return hidden.worded(text if is_worded else "", is_given=is_given)


def cannot_be(value: Any, text: str) -> bool:
    """Whether a text that is not known as a whole begins or ends in another way than one that is.

    Such as the empty text, where something is written beside what is not known.
    """
    if not isinstance(value, UnknownValue) or not value.text:
        return False
    head, tail = value.text.partition("‹")[0], value.text.rpartition("›")[2]
    return not (text.startswith(head) and text.endswith(tail))


def scalar_text(value: Any) -> str:
    """Give a scalar as both languages write it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def at(node: Node, value: Any) -> Node:
    """Give a value that stands where a node stands."""
    return Node(value, node.line, node.column, "", node.file)
