"""The syntax tree of JavaScript and TypeScript: parsed by tree-sitter within bounds."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from mlsec.core.errors import LimitError

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax
    from tree_sitter import Parser

_MOST_BYTES = 2 * 1024 * 1024
_MOST_NODES = 400_000
_PIECE_BYTES = 1 << 16
_MOST_S, _LEAST_CHARS_PER_S = 2.0, 400_000


def can_parse() -> bool:
    """Whether the optional parser is installed."""
    return all(importlib.util.find_spec(name) for name in ("tree_sitter", "tree_sitter_typescript"))


def parse(text: str, *, has_elements: bool) -> Syntax:
    """Give the root of a file's tree; ``has_elements``: it may hold JSX.

    Raises:
        LimitError: too large, or it takes too long.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > _MOST_BYTES:
        raise LimitError(f"larger than {_MOST_BYTES >> 20} MiB")
    ends_at_s = time.thread_time() + _MOST_S + len(text) / _LEAST_CHARS_PER_S
    parser = _parser(has_elements=has_elements)
    try:
        tree = parser.parse(
            lambda at, _: data[at : at + _PIECE_BYTES],
            progress_callback=lambda _, __: time.thread_time() > ends_at_s,
        )
    except ValueError as error:
        parser.reset()
        raise LimitError("takes too long to parse") from error
    if tree.root_node.descendant_count > _MOST_NODES:
        raise LimitError("too long to be read")
    return tree.root_node


@cache
def _parser(*, has_elements: bool) -> Parser:
    import tree_sitter  # noqa: PLC0415 - an extra, and only needed where there is such code
    import tree_sitter_typescript as grammars  # noqa: PLC0415

    kind = grammars.language_tsx() if has_elements else grammars.language_typescript()
    return tree_sitter.Parser(tree_sitter.Language(kind))


def nodes_of(root: Syntax) -> Iterator[Syntax]:
    """Give all named nodes in the order of the file, without recursion."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.named_children))


def words_of(node: Syntax | None) -> str:
    """Give a node as it is written, "" for none."""
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")
