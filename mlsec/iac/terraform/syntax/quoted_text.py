"""Quoted text and heredocs from the parser's nodes: their holes, directives and raw text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from mlsec.iac.terraform.syntax.templates import Hole, Piece, Raw, Style, indentation, template
from mlsec.iac.terraform.syntax.tree import Broken, Expr, Literal, TemplateFor, TemplateIf

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_QUOTED = Style()
# Deeper than this nobody wrote by hand.
MAX_DEPTH = 60


class Source(Protocol):
    """The file that a template stands in, and how the expressions in its holes are read."""

    data: bytes

    def text(self, node: Syntax) -> str:
        """Give the source text of a node."""

    def place(self, node: Syntax) -> tuple[int, int]:
        """Give line and column (in characters), both from 1."""

    def expression(self, node: Syntax, depth: int = 0) -> Expr:
        """Read an expression."""


class HoleReader:
    """Reads templates for a source, which reads the expressions in them."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, node: Syntax, depth: int) -> Expr:
        place = self._source.place(node)
        if node.type == "heredoc_template":
            return self._heredoc(node, depth)
        start, end = node.start_byte + 1, max(node.end_byte - 1, node.start_byte + 1)
        pieces = self._pieces(node.children[1:-1], (start, end), depth + 1, _QUOTED)
        return template(pieces, place, _QUOTED)

    def _heredoc(self, node: Syntax, depth: int) -> Expr:
        place = self._source.place(node)
        names = [child for child in node.children if child.type == "heredoc_identifier"]
        if len(names) != 2:
            return Broken(*place, "a heredoc without end")
        start = self._source.data.find(b"\n", names[0].end_byte) + 1
        end = self._source.data.rfind(b"\n", 0, names[1].start_byte) + 1
        end = max(start, end)
        indent = 0
        if self._source.data[node.start_byte : node.start_byte + 3] == b"<<-":
            body = self._source.data[start:end].decode("utf-8", "replace")
            indent = indentation(body.split("\n"))
        children = [c for c in node.children if names[0].end_byte <= c.start_byte < end]
        style = Style(is_heredoc=True, indent=indent)
        pieces = self._pieces(children, (start, end), depth + 1, style)
        return template(pieces, place, style)

    def _pieces(
        self, children: list[Syntax], span: tuple[int, int], depth: int, style: Style
    ) -> list[Piece]:
        """Give what stands between two bytes; blanks that the parser skips are text as well."""
        pieces: list[Piece] = []
        at, end = span
        for child in children:
            if child.type in ("template_literal", "comment"):
                continue
            if child.start_byte > at:
                pieces.append(self._raw(at, child.start_byte))
            pieces.append(self._hole(child, depth, style))
            at = child.end_byte
        if end > at:
            pieces.append(self._raw(at, end))
        return pieces

    def _raw(self, start: int, end: int) -> Raw:
        text = self._source.data[start:end].decode("utf-8", "replace")
        return Raw(text, at_line_start=self._source.data[start - 1 : start] == b"\n")

    def _hole(self, node: Syntax, depth: int, style: Style) -> Hole:
        part: Expr = Broken(*self._source.place(node), "not valid HCL")
        if depth > MAX_DEPTH:
            part = Broken(*self._source.place(node), "nested too deep", is_over_limit=True)
        elif node.type == "template_interpolation":
            inside = [child for child in node.children if child.type == "expression"]
            if len(inside) == 1:
                part = self._source.expression(inside[0], depth + 1)
        elif node.type == "template_directive" and node.children:
            part = self._directive(node.children[0], depth, style)
        before, after = self._marks(node)
        return Hole(part, strips_before=before, strips_after=after)

    def _marks(self, node: Syntax) -> tuple[bool, bool]:
        text = self._source.data[node.start_byte : node.end_byte]
        return text[2:3] == b"~", text[-2:-1] == b"~"

    def _directive(self, node: Syntax, depth: int, style: Style) -> Expr:
        place = self._source.place(node)
        bounds = [c for c in node.children if c.type.endswith(("_intro", "_start", "_end"))]
        bodies: list[Expr] = []
        for opens, closes in itertools.pairwise(bounds):
            inside = [
                c for c in node.children if opens.end_byte <= c.start_byte < closes.start_byte
            ]
            span = (opens.end_byte, closes.start_byte)
            pieces = self._pieces(inside, span, depth + 1, style)
            # A marker inside strips what stands beside it inside.
            edge = Literal(*place, "")
            strips = (self._marks(opens)[1], self._marks(closes)[0])
            pieces.insert(0, Hole(edge, strips_before=False, strips_after=strips[0]))
            pieces.append(Hole(edge, strips_before=strips[1], strips_after=False))
            bodies.append(template(pieces, place, style))
        intro = [c for c in bounds[0].children if c.type == "expression"] if bounds else []
        if node.type == "template_if" and intro and len(bodies) in (1, 2):
            otherwise = bodies[1] if len(bodies) == 2 else Literal(*place, "")
            condition = self._source.expression(intro[0], depth + 1)
            return TemplateIf(*place, condition, bodies[0], otherwise)
        if node.type == "template_for" and intro and len(bodies) == 1:
            names = [self._source.text(c) for c in bounds[0].children if c.type == "identifier"]
            if 1 <= len(names) <= 2:
                first = names[0] if len(names) == 2 else ""
                collection = self._source.expression(intro[0], depth + 1)
                return TemplateFor(*place, first, names[-1], collection, bodies[0])
        return Broken(*place, "not valid HCL")
