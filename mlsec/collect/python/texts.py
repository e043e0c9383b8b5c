"""Texts that Python source puts together out of parts, some of which may not be known."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.collect.python.call import Call, ChoiceValue, EachValue

_LONGEST_TEMPLATE = 10_000
_MOST_OPTIONS = 20


def put_together(parts: list[Any], joint: str = "") -> Any:
    """Join parts to a text; what is not known of it stands in it in ‹ ›."""
    texts: list[str] = []
    hidden: UnknownValue | None = None
    for part in parts:
        if isinstance(part, UnknownValue):
            hidden = hidden or part
            texts.append(part.text or "‹…›")
        elif isinstance(part, (str, int, float)) or part is None:
            texts.append(str(part))
        else:
            return UnknownValue("only a run of the code gives it")
    made = joint.join(texts)
    return made if hidden is None else hidden.worded(made)


def parts_of_format(template: Any, call: Call) -> list[Any] | None:
    """Give the parts that ``template.format(...)`` joins; None where that is not known."""
    if not isinstance(template, str) or len(template) > _LONGEST_TEMPLATE:
        return None
    first, *pieces = template.split("{")
    parts: list[Any] = [first]
    for index, piece in enumerate(pieces):
        name, is_closed, rest = piece.partition("}")
        at = int(name) if name.isdecimal() and len(name) < 4 else index
        is_placed = not name or name.isdecimal()
        given = call.kwargs.get(name) if not is_placed else None
        if is_placed and at < len(call.args):
            given = call.args[at]
        if not is_closed or given is None:
            return None
        parts += [given.value, rest]
    return parts


def the_same(nodes: list[Node], why: str, text: str = "") -> Any:
    """Give the one value of all; where they differ, what is the same in all of them.

    Of mappings with the same keys, and lists of one length, it is said entry by entry. Of texts it
    is how all of them begin and end.
    """
    first = nodes[0].value
    if len(nodes) == 1 or all(plain(node) == plain(nodes[0]) for node in nodes[1:]):
        return first
    values = [node.value for node in nodes]
    if all(isinstance(value, Mapping) and value.keys() == first.keys() for value in values):
        return {key: _entry([value[key] for value in values], why, text) for key in first}
    if all(isinstance(value, tuple) and len(value) == len(first) for value in values):
        return tuple(_entry(list(items), why, text) for items in zip(*values, strict=True))
    texts = [_words(value) for value in values]
    shown = text if "" in texts else _common(texts, text)
    options = tuple(option for node in nodes for option in options_of(node))[:_MOST_OPTIONS]
    if not options:
        return UnknownValue(why, shown)
    return ChoiceValue(why, shown, options=options, is_open=any(map(_is_open, values)))


def _is_open(value: Any) -> bool:
    if isinstance(value, ChoiceValue):
        return value.is_open
    return isinstance(value, UnknownValue) and not isinstance(value, EachValue)


def options_of(node: Node) -> tuple[Node, ...]:
    """Give the known values that a value may be."""
    if isinstance(node.value, ChoiceValue | EachValue):
        return node.value.options if isinstance(node.value, ChoiceValue) else node.value.elements
    return () if isinstance(node.value, UnknownValue) else (node,)


def _entry(nodes: list[Node], why: str, text: str) -> Node:
    return Node(the_same(nodes, why, text), nodes[0].line, nodes[0].column)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else str(getattr(value, "text", ""))


def _common(texts: list[str], between: str) -> str:
    """Give how all texts begin and end, with ``between`` for what differs."""
    begin = posixpath.commonprefix(texts)
    if begin.count("‹") > begin.count("›"):
        begin = begin[: begin.rindex("‹")]
    rests = [text[len(begin) :][::-1] for text in texts]
    end = posixpath.commonprefix(rests)[::-1]
    if end.count("›") > end.count("‹"):
        end = end[end.index("›") + 1 :]
    return f"{begin}{between or '‹…›'}{end}" if begin or end else between
