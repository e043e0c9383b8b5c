"""Expressions from the parser's nodes to the syntax tree."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from mlsec.iac.terraform.syntax.quoted_text import MAX_DEPTH, HoleReader
from mlsec.iac.terraform.syntax.tree import (
    ELEMENT,
    Attr,
    Binary,
    Broken,
    Call,
    Conditional,
    Expr,
    For,
    Index,
    Literal,
    Name,
    ObjectOf,
    Splat,
    TupleOf,
    Unary,
)

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

MAX_NODES = 1_000_000
_BLOCK_BYTES = 1024
_CONTINUING = bytes(range(0x80, 0xC0))
_WORDS = {"true": True, "false": False, "null": None}


class _Columns:
    """Counts characters in UTF-8: a line may be as long as its file, and is not read each time."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._counts = [0]
        for at in range(0, len(data), _BLOCK_BYTES):
            block = data[at : at + _BLOCK_BYTES].translate(None, _CONTINUING)
            self._counts.append(self._counts[-1] + len(block))

    def before(self, at: int) -> int:
        """Give how many characters begin before a byte."""
        block = at // _BLOCK_BYTES
        rest = self._data[block * _BLOCK_BYTES : at].translate(None, _CONTINUING)
        return self._counts[block] + len(rest)


class Source:
    """The bytes of one file, and how many nodes have been made of them."""

    def __init__(self, data: bytes, lines_before: int = 0) -> None:
        self.data = data
        self._lines_before = lines_before
        self._columns = None if data.isascii() else _Columns(data)
        self.made = 0
        self._holes = HoleReader(self)

    def text(self, node: Syntax) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place(self, node: Syntax) -> tuple[int, int]:
        """Give line and column (in characters), both from 1."""
        row, column = node.start_point
        if self._columns is not None and column:
            start = node.start_byte - column
            column = self._columns.before(node.start_byte) - self._columns.before(start)
        return row + self._lines_before + 1, column + 1

    def expression(self, node: Syntax, depth: int = 0) -> Expr:
        """Give one expression; what the parser could not read is ``Broken``."""
        self.made += 1
        place = self.place(node)
        if depth > MAX_DEPTH:
            return Broken(*place, "nested too deep", is_over_limit=True)
        if self.made > MAX_NODES:
            return Broken(*place, "too many expressions in one file", is_over_limit=True)
        children = [
            child for child in node.children if child.type not in ("comment", "(", ")", "ERROR")
        ]
        if len(children) < node.child_count and any(c.type == "ERROR" for c in node.children):
            return Broken(*place, "not valid HCL")
        if not children:
            return Broken(*place, "an expression is missing")
        result = self._term(children[0], depth)
        return self._steps(result, children[1:], depth)

    def _steps(self, expr: Expr, steps: list[Syntax], depth: int) -> Expr:
        for at, step in enumerate(steps):
            depth += 1
            if depth > MAX_DEPTH:
                return Broken(*self.place(step), "nested too deep", is_over_limit=True)
            if step.type == "splat":
                return self._splat(expr, step.children[0], steps[at + 1 :], depth)
            expr = self._step(expr, step, depth)
        return expr

    def _splat(self, of: Expr, splat: Syntax, after: list[Syntax], depth: int) -> Expr:
        """All that follows ``[*]`` goes to each element; after ``.*`` only attributes do."""
        steps = [child for child in splat.children[1:] if child.type != "comment"] + after
        count = len(steps)
        if splat.type != "full_splat":
            count = next((at for at, s in enumerate(steps) if not _is_attribute(s)), count)
        element = Name(of.line, of.column, ELEMENT)
        made = Splat(of.line, of.column, of, self._steps(element, steps[:count], depth))
        return self._steps(made, steps[count:], depth)

    def _step(self, of: Expr, step: Syntax, depth: int) -> Expr:
        place = (of.line, of.column)
        if step.type == "get_attr":
            return Attr(*place, of, self.text(step).lstrip(". \t\r\n"))
        if step.type != "index" or not step.children:
            return Broken(*self.place(step), "not valid HCL")
        inner = step.children[0]
        if inner.type == "legacy_index":
            return Index(*place, of, self._number(inner, self.text(inner).lstrip(". ")))
        keys = [child for child in inner.children if child.type == "expression"]
        if len(keys) != 1:
            return Broken(*place, "an index is missing")
        return Index(*place, of, self.expression(keys[0], depth + 1))

    def _term(self, node: Syntax, depth: int) -> Expr:
        place = self.place(node)
        match node.type:
            case "expression":
                return self.expression(node, depth + 1)
            case "variable_expr":
                return Name(*place, self.text(node))
            case "literal_value":
                return self._literal(node.children[0] if node.children else node)
            case "string_lit" | "quoted_template" | "heredoc_template":
                return self._holes.read(node, depth)
            case "template_expr" | "collection_value" | "for_expr" | "operation":
                if len(node.children) == 1:
                    return self._term(node.children[0], depth + 1)
            case "tuple":
                items = [child for child in node.children if child.type == "expression"]
                return TupleOf(*place, tuple(self.expression(i, depth + 1) for i in items))
            case "object":
                return self._object(node, depth)
            case "function_call":
                return self._call(node, depth)
            case "conditional" | "unary_operation" | "binary_operation":
                return self._operation(node, depth)
            case "for_tuple_expr" | "for_object_expr":
                return self._for(node, depth)
        return Broken(*place, "not valid HCL")

    def _literal(self, node: Syntax) -> Expr:
        place = self.place(node)
        match node.type:
            case "string_lit":
                return self._holes.read(node, 0)
            case "numeric_lit":
                return self._number(node, self.text(node))
            case "bool_lit" | "null_lit":
                return Literal(*place, _WORDS.get(self.text(node)))
        return Broken(*place, "not valid HCL")

    def _number(self, node: Syntax, text: str) -> Expr:
        place = self.place(node)
        if len(text) > 300:
            return Broken(*place, "a number too long", is_over_limit=True)
        try:
            return Literal(*place, int(text) if text.isdecimal() else _whole(float(text)))
        except OverflowError:
            return Broken(*place, "a number too large", is_over_limit=True)
        except ValueError:
            return Broken(*place, f"not a number: {text[:20]}")

    def _object(self, node: Syntax, depth: int) -> Expr:
        items: list[tuple[Expr, Expr]] = []
        for child in node.children:
            if child.type == "ERROR":
                return Broken(*self.place(child), "not valid HCL")
            sides = [item for item in child.children if item.type == "expression"]
            if child.type != "object_elem" or len(sides) != 2:
                continue
            key = self.expression(sides[0], depth + 1)
            if sides[0].children[0].type in ("variable_expr", "literal_value") and (
                isinstance(key, Name) or _is_word(key)
            ):
                key = Literal(key.line, key.column, self.text(sides[0]))
            items.append((key, self.expression(sides[1], depth + 1)))
        return ObjectOf(*self.place(node), tuple(items))

    def _call(self, node: Syntax, depth: int) -> Expr:
        name, arguments, expands = "", [], False
        for child in node.children:
            if child.type == "identifier":
                name += self.text(child)
            elif child.type == "function_arguments":
                arguments = [
                    self.expression(item, depth + 1)
                    for item in child.children
                    if item.type == "expression"
                ]
                expands = any(item.type == "ellipsis" for item in child.children)
            elif child.type == "ERROR":
                return Broken(*self.place(node), "not valid HCL")
        return Call(*self.place(node), name, tuple(arguments), expands)

    def _conditional(self, node: Syntax, depth: int) -> Expr:
        """Chains bind to the right: ``a ? b : (c ? d : e)``; the grammar has them bind left."""
        place = self.place(node)
        branches: list[tuple[Expr, Expr]] = []
        while True:
            depth += 1
            sides = [child for child in node.children if child.type == "expression"]
            if len(sides) != 3 or node.has_error or depth > MAX_DEPTH:
                is_deep = depth > MAX_DEPTH
                why = "nested too deep" if is_deep else "not valid HCL"
                return Broken(*place, why, is_over_limit=is_deep)
            then, otherwise = (self.expression(side, depth) for side in sides[1:])
            branches.append((then, otherwise))
            inner = sides[0].children
            if len(inner) != 1 or inner[0].type != "conditional":
                break
            node = inner[0]
        result = branches[0][1]
        for outer, inner_branch in itertools.pairwise(branches):
            result = Conditional(*place, inner_branch[1], outer[0], result)
        return Conditional(*place, self.expression(sides[0], depth), branches[-1][0], result)

    def _operation(self, node: Syntax, depth: int) -> Expr:
        """Operands stand bare, with their traversals beside them."""
        if node.type == "conditional":
            return self._conditional(node, depth)
        place = self.place(node)
        operands: list[list[Syntax]] = [[]]
        operators: list[str] = []
        for child in node.children:
            if child.type in ("comment", "(", ")"):
                continue
            if child.is_named and child.type != "ERROR":
                operands[-1].append(child)
            else:
                operators.append(self.text(child).strip())
                operands.append([])
        sides = [self._operand(operand, depth + 1) for operand in operands if operand]
        if node.type == "unary_operation" and len(operators) == len(sides) == 1:
            return Unary(*place, operators[0], sides[0])
        if node.type == "binary_operation" and len(operators) == 1 and len(sides) == 2:
            return Binary(*place, operators[0], sides[0], sides[1])
        return Broken(*place, "not valid HCL")

    def _operand(self, nodes: list[Syntax], depth: int) -> Expr:
        if depth > MAX_DEPTH:
            return Broken(*self.place(nodes[0]), "nested too deep", is_over_limit=True)
        return self._steps(self._term(nodes[0], depth), nodes[1:], depth)

    def _for(self, node: Syntax, depth: int) -> Expr:
        place = self.place(node)
        names, sides, groups = [], [], False
        collection: Expr = Broken(*place, "not valid HCL")
        condition = None
        for child in node.children:
            inside = [item for item in child.children if item.type == "expression"]
            if child.type == "for_intro" and inside:
                names = [self.text(c) for c in child.children if c.type == "identifier"]
                collection = self.expression(inside[0], depth + 1)
            elif child.type == "for_cond" and inside:
                condition = self.expression(inside[0], depth + 1)
            elif child.type == "expression":
                sides.append(self.expression(child, depth + 1))
            elif child.type == "ellipsis":
                groups = True
            elif child.type == "ERROR":
                return Broken(*place, "not valid HCL")
        wanted = 2 if node.type == "for_object_expr" else 1
        if len(sides) != wanted or not 1 <= len(names) <= 2:
            return Broken(*place, "not valid HCL")
        key = sides[0] if wanted == 2 else None
        first = names[0] if len(names) == 2 else ""
        return For(*place, first, names[-1], collection, key, sides[-1], condition, groups)


def _is_word(key: Expr) -> bool:
    """Whether a key is one of the words that are values elsewhere: true, false, null."""
    return isinstance(key, Literal) and (key.value is None or isinstance(key.value, bool))


def _is_attribute(step: Syntax) -> bool:
    return step.type == "get_attr" or (
        step.type == "index" and bool(step.children) and step.children[0].type == "legacy_index"
    )


def _whole(number: float) -> Any:
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
