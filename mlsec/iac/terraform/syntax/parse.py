"""One file of HCL: blocks and attributes with their places, and what was not understood."""

from __future__ import annotations

import importlib.util
import itertools
import re
import time
from functools import cache
from typing import TYPE_CHECKING

from mlsec.iac.terraform.syntax.expressions import Source
from mlsec.iac.terraform.syntax.tree import (
    Attribute,
    Block,
    Body,
    Expr,
    Literal,
    Mistake,
    Parsed,
    Template,
)

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax
    from tree_sitter import Parser

MAX_BYTES = 8 * 1024 * 1024
MAX_BLOCK_DEPTH = 40
# How many mistakes of one file are reported; the rest of it is as little understood.
_MAX_MISTAKES = 20
# A parsed node takes up to half a kilobyte and ten microseconds; a word or sign makes about three.
MAX_TOKENS = 1_000_000
MAX_PARSED = 1_000_000
_KINDS = bytes(
    ord("a") if chr(n).isalnum() or chr(n) in "_-" or n > 127 else ord(" ") if n <= 32 else ord(".")
    for n in range(256)
)
_PIECE_BYTES = 1 << 16
# A sound file is parsed at millions of characters a second.
_MOST_S, _LEAST_CHARS_PER_S = 2.0, 400_000
_TOP = re.compile(
    r"(?m)^(?:resource|data|variable|output|module|provider|locals|terraform|moved|import|removed"
    r"|check|ephemeral)\b(?=[^\n=]*\{)"
)


def can_parse() -> bool:
    """Whether the optional parser is installed."""
    return all(importlib.util.find_spec(name) for name in ("tree_sitter", "tree_sitter_hcl"))


def parse(text: str) -> Parsed:
    """Parse a file; what stands between two mistakes is still read."""
    if len(text) > MAX_BYTES:
        mistake = Mistake(f"larger than {MAX_BYTES // 1024 // 1024} MiB", 1, over_limit=True)
        return Parsed(mistakes=(mistake,))
    text = text.replace("\r\n", "\n")
    ends_at_s = time.thread_time() + _MOST_S + len(text) / _LEAST_CHARS_PER_S
    whole, _ = _parse(text, 0, ends_at_s, MAX_PARSED)
    return _in_pieces(text, ends_at_s, whole) if whole.mistakes else whole


def _in_pieces(text: str, ends_at_s: float, whole: Parsed) -> Parsed:
    """Parse what stands at the margin on its own: one mistake may swallow all that follows.

    The shortest come first, so that one that is too long hides itself alone.
    """
    starts = [0, *(match.start() for match in _TOP.finditer(text)), len(text)]
    pieces, line = [], 0
    for start, end in itertools.pairwise(starts):
        pieces.append((line, text[start:end]))
        line += text.count("\n", start, end)
    left = MAX_PARSED
    parsed: list[Parsed] = [Parsed()] * len(pieces)
    for at in sorted(range(len(pieces)), key=lambda at: len(pieces[at][1])):
        parsed[at], count = _parse(pieces[at][1], pieces[at][0], ends_at_s, left)
        left -= count
    mistakes = [mistake for item in parsed for mistake in item.mistakes] or list(whole.mistakes)
    attributes = {k: v for item in parsed for k, v in item.body.attributes.items()}
    blocks = tuple(block for item in parsed for block in item.body.blocks)
    return Parsed(body=Body(attributes, blocks), mistakes=tuple(mistakes[:_MAX_MISTAKES]))


def _parse(text: str, lines_before: int, ends_at_s: float, most: int) -> tuple[Parsed, int]:
    """Parse a text, and give how many nodes of the parser it is; too many are not read."""
    data = text.encode("utf-8", "replace")
    if _tokens(data) > MAX_TOKENS:
        return _too_long(lines_before), 0
    try:
        # A binding frees the tree while its nodes are in use, so it is held until the walk is over.
        tree = _parser().parse(
            lambda at, _: data[at : at + _PIECE_BYTES],
            # Behind a mistake the parser may try more ways than there is time for.
            progress_callback=lambda _, __: time.thread_time() > ends_at_s,
        )
    except ValueError:
        _parser().reset()
        mistake = Mistake("takes too long to parse", lines_before + 1, over_limit=True)
        return Parsed(mistakes=(mistake,)), 0
    count = tree.root_node.descendant_count
    if count > most:
        return _too_long(lines_before), 0
    reader = _Reader(Source(data, lines_before))
    body = reader.body(tree.root_node, 0)
    return Parsed(body=body, mistakes=tuple(reader.mistakes)), count


def _tokens(data: bytes) -> int:
    """Count about as many words and signs as there are."""
    kinds = data.translate(_KINDS)
    return kinds.count(b".") + kinds.count(b" a") + kinds.count(b".a")


def _too_long(lines_before: int) -> Parsed:
    what = "more expressions than a file may have"
    return Parsed(mistakes=(Mistake(what, lines_before + 1, over_limit=True),))


def parse_template(text: str) -> Expr | None:
    """Parse a file that is one template; None when it is not valid."""
    if len(text) > MAX_BYTES:
        return None
    ending = "MLSEC_END_OF_TEMPLATE"
    while ending in text:
        ending += "_"
    parsed = parse(f"template = <<{ending}\n{text}\n{ending}\n")
    attribute = parsed.body.attributes.get("template")
    if parsed.mistakes or attribute is None:
        return None
    return _without_last_break(attribute.value)


def _without_last_break(made: Expr) -> Expr:
    """Take away the line break that a heredoc has and the file has not."""
    if isinstance(made, Literal) and isinstance(made.value, str):
        return Literal(made.line, made.column, made.value.removesuffix("\n"))
    if isinstance(made, Template):
        parts = (*made.parts[:-1], _without_last_break(made.parts[-1]))
        return Template(made.line, made.column, parts)
    return made


@cache
def _parser() -> Parser:
    import tree_sitter  # noqa: PLC0415 - an extra, and only needed when HCL is read
    import tree_sitter_hcl  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.mistakes: list[Mistake] = []

    def body(self, node: Syntax, depth: int) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        self._collect(node, depth, attributes, blocks)
        return Body(attributes, tuple(blocks))

    def _collect(
        self, node: Syntax, depth: int, attributes: dict[str, Attribute], blocks: list[Block]
    ) -> None:
        if node.type == "ERROR":
            self._mistake(node, "not valid HCL")
        for child in node.children:
            match child.type:
                case "body":
                    self._collect(child, depth, attributes, blocks)
                case "attribute":
                    self._attribute(child, attributes)
                case "block":
                    block = self._block(child, depth)
                    if block is not None:
                        blocks.append(block)
                case "ERROR":
                    # A mistake may swallow whole blocks that follow it.
                    if depth <= MAX_BLOCK_DEPTH:
                        self._collect(child, depth + 1, {}, blocks)

    def _attribute(self, node: Syntax, attributes: dict[str, Attribute]) -> None:
        children = [child for child in node.children if child.type != "comment"]
        if len(children) < 3 or children[0].type != "identifier":
            self._mistake(node, "not valid HCL")
            return
        if node.has_error:
            self._mistake(node, "not valid HCL")
        line, column = self._source.place(node)
        name = self._source.text(children[0])
        if name in attributes:
            self._mistake(node, f'"{name}" is set twice')
        value = self._source.expression(children[-1])
        attributes[name] = Attribute(name, value, line, column)

    def _block(self, node: Syntax, depth: int) -> Block | None:
        line, column = self._source.place(node)
        if depth > MAX_BLOCK_DEPTH:
            self._mistake(node, "blocks nested too deep", over_limit=True)
            return None
        words: list[str] = []
        body = Body()
        for child in node.children:
            if child.type in ("identifier", "string_lit"):
                words.append(self._source.text(child).strip('"'))
            elif child.type == "body":
                body = self.body(child, depth + 1)
            elif child.type == "ERROR" or child.is_missing:
                self._mistake(child, "not valid HCL")
        if not words:
            return None
        return Block(words[0], tuple(words[1:]), body, line, column, is_broken=node.has_error)

    def _mistake(self, node: Syntax, what: str, *, over_limit: bool = False) -> None:
        if len(self.mistakes) < _MAX_MISTAKES:
            line = self._source.place(node)[0]
            self.mistakes.append(Mistake(what, line, over_limit=over_limit))
