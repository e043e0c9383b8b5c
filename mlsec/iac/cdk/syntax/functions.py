"""Functions of TypeScript: what they are given, what stands in them and what they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mlsec.iac.cdk.syntax.building import MAX_DEPTH, Function, Given
from mlsec.iac.cdk.syntax.expressions import Expressions, place_of
from mlsec.iac.cdk.syntax.tree import Attribute, Expr, Index, Literal, Scope, Unread, Within

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax


class Functions(Expressions, ABC):
    """Reads functions; the statements in them are the reader's."""

    @abstractmethod
    def block(self, node: Syntax, scope: Scope, depth: int = 0, doubt: str = "") -> None:
        """Read the statements in a node."""

    def function(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Read a function by itself: its arguments are not known."""
        made = Function(node=node, key=node.id, name="", written=scope, depth=depth, doubt=doubt)
        self.body(made, None, doubt)

    def body(self, function: Function, given: Given | None, doubt: str) -> Expr | None:
        """Read a function; without ``given`` its arguments are not known.

        Returns what it gives in any case, None where that is not one expression.
        """
        node, depth = function.node, function.depth
        inner = self.method(function.written, self.text(node.child_by_field_name("name")))
        self._take_arguments(node, inner, given, depth, doubt)
        body = node.child_by_field_name("body")
        if body is None:
            return None
        if body.type != "statement_block":
            made = self.expr(body, inner, depth + 1, doubt)
            self.source.returned.append((made, inner))
            return Within(made, inner, *place_of(body))
        before = len(self.source.returned)
        self.block(body, inner, depth + 1, doubt)
        gives = [made for made, scope in self.source.returned[before:] if scope is inner]
        ends = bool(body.named_children) and body.named_children[-1].type == "return_statement"
        return Within(gives[0], inner, *place_of(body)) if len(gives) == 1 and ends else None

    def _take_arguments(
        self, node: Syntax, inner: Scope, given: Given | None, depth: int, doubt: str
    ) -> None:
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        items = [] if parameters is None else (parameters.named_children or [parameters])
        for at, item in enumerate(items):
            pattern = item.child_by_field_name("pattern") or item
            default = item.child_by_field_name("value")
            if given is not None and at < len(given.arguments):
                self.bind(pattern, given.arguments[at], inner, given.scope)
                continue
            if given is not None and default is not None:
                made = self.expr(default, inner, depth + 1, doubt)
                self.bind(pattern, made, inner, inner)
                continue
            for name in self.names_in(pattern, 0):
                inner.set(name, Unread(f"{name} is given by the caller"))
            # ``constructor(private readonly x)`` sets a member too.
            if any(child.type == "accessibility_modifier" for child in item.children):
                home = inner.object()
                if home is not None:
                    home.set(self.text(pattern), Unread("it is given by the caller"))

    def bind(self, pattern: Syntax, value: Expr, inner: Scope, outer: Scope) -> None:
        """Set the names of a pattern to the parts of what stands in other names."""
        if pattern.type == "identifier":
            inner.set(self.text(pattern), value, outer)
            return
        for at, item in enumerate(pattern.named_children):
            if item.type == "shorthand_property_identifier_pattern":
                part = Attribute(value, self.text(item), *place_of(item))
                inner.set(self.text(item), part, outer)
            elif pattern.type == "array_pattern" and item.type == "identifier":
                inner.set(self.text(item), Index(value, Literal(at), *place_of(item)), outer)
            else:
                for name in self.names_in(item, 0):
                    why = f"{name} is taken out of something"
                    inner.set(name, Unread(why, parts=(value,)), outer)

    def names_in(self, node: Syntax, depth: int = 0) -> list[str]:
        """Name what a pattern sets."""
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            return [self.text(node)]
        if node.type in ("type_annotation",) or depth > MAX_DEPTH:
            return []
        children = node.named_children
        if node.type == "pair_pattern":
            children = children[1:]
        return [name for child in children for name in self.names_in(child, depth + 1)]
