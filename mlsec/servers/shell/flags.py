"""Words of a command line that hold values which are not known, as flags and their values."""

from __future__ import annotations

import re

from mlsec.collect.located.located import Node, UnknownValue

_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


def flag_nodes(parts: tuple[str | UnknownValue, ...], line: int, column: int) -> list[Node]:
    """Give a word as one node, or flag and value where only the value is not known.

    ``NAME=`` before a value that is not known is the node's tag.
    """
    missing = [part for part in parts if isinstance(part, UnknownValue)]
    if not missing:
        return [Node("".join(str(part) for part in parts), line, column)]
    first = parts[0]
    if isinstance(first, str) and first.startswith("-") and "=" in first:
        flag, _, _ = first.partition("=")
        return [Node(flag, line, column), Node(missing[0], line, column)]
    assigned = _ASSIGNED.match(first) if isinstance(first, str) else None
    if assigned is not None:
        return [Node(missing[0], line, column, assigned[0])]
    return [Node(missing[0], line, column)]
