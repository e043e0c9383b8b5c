"""Parses Bicep with its grammar of tree-sitter, in bounds; what that does not know is put aside."""

from __future__ import annotations

import importlib.util
import time
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.regex import regex
from mlsec.iac.arm.bicep.symbols import SPREAD

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 400_000
_PIECE_BYTES = 1 << 16
_MOST_S, _LEAST_CHARS_PER_S = 2.0, 400_000
_TAKEN_TYPE = regex(r"\bresource(?:Input|Output)<'[^'\n]*+'>[\w.\[\]*]*+")
_NAMED_TYPE = regex(
    r"(?m)^([^\S\n]*+param[^\S\n]++\w++[^\S\n]++)[A-Za-z_]\w*+(?:\[\])*(\??)(?=[^\S\n]*+(?:=|$|//))"
)


_TYPED = regex(r"(?m)^([^\S\n]*+var[^\S\n]++\w++)[^\S\n]++\w++(?:\[\])*\??(?=[^\S\n]*+=)")
_SPREAD = regex(r"(?m)((?:^|\{)[^\S\n]*+)\.\.\.(?=[\w(])")


class Parsed(msgspec.Struct, frozen=True, eq=False):
    """The syntax of a file, and the text that it points into."""

    tree: Tree
    data: bytes


def can_parse() -> bool:
    """Whether the optional parser is installed."""
    return all(importlib.util.find_spec(name) for name in ("tree_sitter", "tree_sitter_bicep"))


def parse(text: str) -> Parsed | str:
    """Parse a file, or say which limit keeps it from being read."""
    if len(text) > MAX_BYTES:
        return f"larger than {MAX_BYTES >> 20} MiB"
    # The grammar does not know all types; of a parameter's only counts whether it may be null.
    text = _NAMED_TYPE.sub(r"\1object\2", _TAKEN_TYPE.sub("object", text))
    text = _SPREAD.sub(rf"\1{SPREAD}: ", _TYPED.sub(r"\1", text))
    data = text.encode("utf-8", "replace")
    ends_at_s = time.thread_time() + _MOST_S + len(text) / _LEAST_CHARS_PER_S
    try:
        tree = _parser().parse(
            lambda at, _: data[at : at + _PIECE_BYTES],
            progress_callback=lambda _, __: time.thread_time() > ends_at_s,
        )
    except ValueError:
        _parser().reset()
        return "takes too long to parse"
    if tree.root_node.descendant_count > MAX_NODES:
        return "too long to be read"
    return Parsed(tree, data)


@cache
def _parser() -> Parser:
    import tree_sitter  # noqa: PLC0415 - an extra, and only needed where there is such code
    import tree_sitter_bicep  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
