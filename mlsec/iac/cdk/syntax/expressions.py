"""Expressions of TypeScript as the small tree; each call in them is noted."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mlsec.iac.cdk.syntax.building import MAX_DEPTH, Builder, Function, Given
from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Choice,
    Entries,
    Expr,
    Index,
    Literal,
    Name,
    Scope,
    Sequence,
    Text,
    Unread,
)
from mlsec.iac.cdk.syntax.turns import turns_over

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_THROUGH = (
    "parenthesized_expression", "as_expression", "non_null_expression", "satisfies_expression",
    "type_assertion", "await_expression",
)  # fmt: skip
FUNCTIONS = (
    "arrow_function", "function_expression", "function_declaration", "method_definition",
    "generator_function_declaration", "generator_function",
)  # fmt: skip
_AT_RUN = "it is worked out when the app runs"
_ESCAPE = re.compile(
    r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r?\n|.)", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}


class Expressions(Builder, ABC):
    """Reads expressions; statements inside of them are the reader's."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    @abstractmethod
    def statement(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Read a statement."""

    @abstractmethod
    def function(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Read a function."""

    def size(self, node: Syntax) -> int:
        """Count the parts of what is parsed."""
        return int(node.descendant_count)

    def text(self, node: Syntax | None) -> str:
        """Give the text of a node."""
        if node is None:
            return ""
        return self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def expr(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        """Read an expression, and note each call in it."""
        if depth > MAX_DEPTH:
            self.too_deep(node.start_point[0] + 1)
            return Unread("it is nested too deep", *place_of(node))
        literal = self._literal(node)
        if literal is not None:
            return literal
        kind = node.type
        if kind in _THROUGH and node.named_children:
            return self.expr(node.named_children[0], scope, depth + 1, doubt)
        if kind in FUNCTIONS:
            self.function(node, scope, depth + 1, doubt or "a function")
            return Unread("a function", *place_of(node))
        return self._compound(node, scope, depth, doubt)

    def _literal(self, node: Syntax) -> Expr | None:
        match node.type:
            case "string":
                return Literal(unescaped(self.text(node)[1:-1]), *place_of(node))
            case "number":
                return Literal(_number(self.text(node)), *place_of(node))
            case "true" | "false":
                return Literal(node.type == "true", *place_of(node))
            case "null" | "undefined":
                return Literal(None, *place_of(node))
            case "this" | "super":
                return Name("this", *place_of(node))
            case "identifier" | "shorthand_property_identifier":
                return Name(self.text(node), *place_of(node))
            case _:
                return None

    def _compound(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        match node.type:
            case "template_string":
                return self._template(node, scope, depth, doubt)
            case "object":
                return self._object(node, scope, depth, doubt)
            case "array":
                items = [self._element(item, scope, depth, doubt) for item in _code(node)]
                return Sequence(tuple(items), *place_of(node))
            case "member_expression" | "subscript_expression":
                return self._member(node, scope, depth, doubt)
            case "call_expression" | "new_expression":
                return self._call(node, scope, depth, doubt)
            case "assignment_expression" | "augmented_assignment_expression":
                return self._assign(node, scope, depth, doubt)
            case _:
                return self._other(node, scope, depth, doubt)

    def _other(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        """Read what is worked out of parts: sums of texts and signs; all else stays unknown."""
        sign = self.text(node.child_by_field_name("operator"))
        is_choice = node.type == "ternary_expression" or sign in ("||", "&&", "??")
        inner = f"line {node.start_point[0] + 1}" if is_choice else doubt
        parts = [self.expr(item, scope, depth + 1, inner) for item in _code(node)]
        if node.type == "binary_expression" and sign == "+" and len(parts) == 2:
            return Text(tuple(parts), *place_of(node))
        is_known = node.type == "unary_expression" and len(parts) == 1
        if is_known and isinstance(parts[0], Literal):
            value = parts[0].value
            if sign == "!" and isinstance(value, bool):
                return Literal(not value, *place_of(node))
            if sign == "-" and isinstance(value, int | float):
                return Literal(-value, *place_of(node))
        if is_choice:
            options = parts[-1:] if sign == "&&" else parts[-2:]
            test = parts[0] if node.type == "ternary_expression" and len(parts) == 3 else None
            sign = "?" if test is not None else sign.replace("&&", "")
            return Choice(tuple(options), _AT_RUN, *place_of(node), sign, test)
        return Unread(_AT_RUN, *place_of(node), tuple(parts))

    def _template(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        parts: list[Expr] = []
        for item in node.named_children:
            if item.type == "template_substitution":
                inside = _code(item)
                parts += [self.expr(inner, scope, depth + 1, doubt) for inner in inside[:1]]
            else:
                parts.append(Literal(unescaped(self.text(item)), *place_of(item)))
        return Text(tuple(parts), *place_of(node))

    def _object(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        entries: list[tuple[Expr | None, Expr]] = []
        for item in _code(node):
            if item.type == "pair":
                key, value = item.child_by_field_name("key"), item.child_by_field_name("value")
                if key is None or value is None:
                    continue
                made = self.expr(value, scope, depth + 1, doubt)
                entries.append((self._key(key, scope, depth, doubt), made))
            elif item.type == "shorthand_property_identifier":
                name = self.text(item)
                entries.append((Literal(name, *place_of(item)), Name(name, *place_of(item))))
            elif item.type == "spread_element":
                entries.append((None, self.expr(item.named_children[0], scope, depth + 1, doubt)))
            else:
                self.statement(item, scope, depth + 1, doubt)
        return Entries(tuple(entries), *place_of(node))

    def _key(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        if node.type in ("property_identifier", "number"):
            return Literal(self.text(node), *place_of(node))
        if node.type == "computed_property_name":
            return self.expr(node.named_children[0], scope, depth + 1, doubt)
        return Literal(unescaped(self.text(node)[1:-1]), *place_of(node))

    def _element(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        if node.type == "spread_element":
            self.expr(node.named_children[0], scope, depth + 1, doubt)
            return Unread("a list is put in here", *place_of(node))
        return self.expr(node, scope, depth + 1, doubt)

    def _member(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        of = node.child_by_field_name("object")
        inner = self.expr(of, scope, depth + 1, doubt) if of is not None else Unread("nothing")
        index = node.child_by_field_name("index")
        if index is not None:
            return Index(inner, self.expr(index, scope, depth + 1, doubt), *place_of(node))
        return Attribute(inner, self.text(node.child_by_field_name("property")), *place_of(node))

    def _call(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        given = node.child_by_field_name("arguments")
        if callee is None:
            return Unread(_AT_RUN, *place_of(node))
        of = self.expr(callee, scope, depth + 1, doubt)
        written = _code(given) if given else []
        turned = self._turns(of, written, scope, depth, doubt)
        if turned is not None:
            return turned
        arguments = tuple(self._element(item, scope, depth, doubt) for item in written)
        if node.type == "call_expression" and not any(_is_spread(item) for item in written):
            made = Given(arguments=arguments, keywords={}, scope=scope)
            inlined = self.inlined(of, made, doubt)
            if inlined is not None:
                return inlined
        return self.call(Call(of, arguments, None, *place_of(node)), scope, doubt)

    def _turns(
        self, callee: Expr, written: list[Syntax], scope: Scope, depth: int, doubt: str
    ) -> Expr | None:
        """Read ``forEach`` and ``map`` of a list that is written out: their function, each turn."""
        if not isinstance(callee, Attribute) or callee.name not in ("forEach", "map"):
            return None
        is_function = len(written) == 1 and written[0].type in FUNCTIONS
        turns = turns_over(callee.of, scope) if is_function else None
        if turns is None or not self.may_repeat(written[0], len(turns)):
            return None
        function = Function(
            node=written[0], key=written[0].id, name="", written=scope, depth=depth, doubt=doubt
        )
        made = []
        for at, turn in enumerate(turns):
            arguments = (turn, Literal(at))
            given = Given(arguments=arguments, keywords={}, scope=scope)
            gives = self.body(function, given, doubt)
            made.append(gives or Unread("it is worked out in each turn", *place_of(written[0])))
        return Sequence(tuple(made), callee.line, callee.column)

    def _assign(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return Unread(_AT_RUN, *place_of(node))
        made = self.expr(right, scope, depth + 1, doubt)
        if node.type != "assignment_expression":
            made = Unread(_AT_RUN, *place_of(node))
        self.assign(self.expr(left, scope, depth + 1, doubt), made, scope, doubt)
        return made


def unescaped(text: str) -> str:
    """Give what the escapes of a text mean."""

    def letter(match: re.Match[str]) -> str:
        word = match[1]
        if word[0] in "ux" and len(word) > 1:
            code = int(word[1:].strip("{}"), 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return "" if word[-1] == "\n" else _LETTERS.get(word, word)

    return _ESCAPE.sub(letter, text) if "\\" in text else text


def _number(text: str) -> object:
    try:
        return json.loads(text.replace("_", ""))
    except ValueError:
        return text


def _is_spread(node: Syntax) -> bool:
    return bool(node.type == "spread_element")


def _code(node: Syntax) -> list[Syntax]:
    return [child for child in node.named_children if child.type != "comment"]


def place_of(node: Syntax) -> tuple[int, int]:
    """Give the line and column at which a node begins."""
    return node.start_point[0] + 1, node.start_point[1] + 1
