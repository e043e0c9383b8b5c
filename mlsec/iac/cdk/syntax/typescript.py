"""TypeScript as the small tree: parsed by tree-sitter, nothing of it is run."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from mlsec.iac.cdk.syntax.building import MAX_BYTES, MAX_DEPTH, MAX_NODES, Function, module_of
from mlsec.iac.cdk.syntax.expressions import FUNCTIONS, place_of
from mlsec.iac.cdk.syntax.functions import Functions
from mlsec.iac.cdk.syntax.tree import Attribute, Literal, Scope, Source, Unread
from mlsec.iac.cdk.syntax.turns import turns_over

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax
    from tree_sitter import Parser

_PIECE_BYTES = 1 << 16
_MOST_S, _LEAST_CHARS_PER_S = 2.0, 400_000
_DOUBTFUL = (
    "if_statement", "switch_statement", "for_statement", "for_in_statement", "while_statement",
    "do_statement", "try_statement",
)  # fmt: skip

_LEAVING = ("break_statement", "continue_statement", "return_statement")
_CLASSES = ("class_declaration", "abstract_class_declaration", "class")
_SILENT = ("comment", "interface_declaration", "type_alias_declaration")


def can_parse() -> bool:
    """Whether the optional parser is installed."""
    return all(importlib.util.find_spec(name) for name in ("tree_sitter", "tree_sitter_typescript"))


def parse(text: str, is_used: Callable[[str], bool] = lambda _: True) -> Source:
    """Parse a file; what is not understood of it is left out, and said.

    ``is_used`` says whether another file may call a function of that name.
    """
    if len(text) > MAX_BYTES:
        return Source(mistakes=[(1, f"larger than {MAX_BYTES >> 20} MiB")], is_over_limit=True)
    data = text.encode("utf-8", "replace")
    ends_at_s = time.thread_time() + _MOST_S + len(text) / _LEAST_CHARS_PER_S
    try:
        tree = _parser().parse(
            lambda at, _: data[at : at + _PIECE_BYTES],
            progress_callback=lambda _, __: time.thread_time() > ends_at_s,
        )
    except ValueError:
        _parser().reset()
        return Source(mistakes=[(1, "takes too long to parse")], is_over_limit=True)
    if tree.root_node.descendant_count > MAX_NODES:
        return Source(mistakes=[(1, "too long to be read")], is_over_limit=True)
    reader = _Reader(data)
    reader.block(tree.root_node, reader.file)
    reader.finish(text, is_used)
    line = _mistake_in(tree.root_node)
    if line:
        reader.source.mistakes.append((line, "what stands here was not understood"))
    return reader.source


@cache
def _parser() -> Parser:
    import tree_sitter  # noqa: PLC0415 - an extra, and only needed where there is such code
    import tree_sitter_typescript  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_typescript.language_typescript()))


def _mistake_in(root: Syntax) -> int:
    """Give the line of the first part that does not parse; 0 for none."""
    node = root
    while node.has_error and node.type != "ERROR" and not node.is_missing:
        inner = next((item for item in node.children if item.has_error or item.is_missing), None)
        if inner is None:
            break
        node = inner
    return node.start_point[0] + 1 if root.has_error else 0


class _Reader(Functions):
    def block(self, node: Syntax, scope: Scope, depth: int = 0, doubt: str = "") -> None:
        """Read the statements in a node."""
        if depth > MAX_DEPTH:
            self.too_deep(node.start_point[0] + 1)
            return
        for child in node.named_children:
            self._note_functions(child, scope, depth, doubt)
        for child in node.named_children:
            self.statement(child, scope, depth, doubt)

    def _note_functions(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Note the functions that stand in a block, before what calls them is read."""
        is_offered = node.type == "export_statement"
        if is_offered:
            node = node.child_by_field_name("declaration") or node
        functions: list[tuple[Syntax, Syntax]] = []
        if node.type in ("function_declaration", "method_definition"):
            functions.append((node, node))
        elif node.type == "lexical_declaration" and self.text(node.children[0]) == "const":
            items = (item for item in node.named_children if item.type == "variable_declarator")
            values = ((item, item.child_by_field_name("value")) for item in items)
            functions += [
                (item, value) for item, value in values if value and value.type in FUNCTIONS
            ]
        for declared, value in functions:
            name = self.text(declared.child_by_field_name("name"))
            if name != "constructor" and not any(c.type in ("get", "set") for c in value.children):
                noted = Function(
                    node=value, key=value.id, name=name, written=scope, depth=depth + 1,
                    doubt=doubt, is_named_so=declared is value, is_offered=is_offered,
                )  # fmt: skip
                self.wait(noted)

    def _loop(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Read a loop: each turn by itself where what it is about is written out."""
        target, over = node.child_by_field_name("left"), node.child_by_field_name("right")
        body = node.child_by_field_name("body")
        if target is None or over is None or body is None:
            return
        of = self.expr(over, scope, depth + 1, doubt)
        is_over_items = self.text(node.child_by_field_name("operator")) == "of"
        turns = turns_over(of, scope) if is_over_items else None
        here = f"line {node.start_point[0] + 1}"
        if turns is None or not self.may_repeat(body, len(turns)):
            for name in self.names_in(target, 0):
                scope.set(name, Unread("it changes from turn to turn", parts=(of,)))
            self.statement(body, scope, depth + 1, here)
            return
        inner_doubt = here if self._leaves(body) else doubt
        for turn in turns:
            inner = Scope(above=scope, owner=scope.owner)
            self.bind(target, turn, inner, scope)
            self.statement(body, inner, depth + 1, inner_doubt)

    def _leaves(self, node: Syntax) -> bool:
        """Whether a part of a loop ends a turn before its end."""
        waiting = [node]
        while waiting:
            here = waiting.pop()
            if here.type in _LEAVING:
                return True
            if here.type not in FUNCTIONS:
                waiting += here.named_children
        return False

    def statement(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        """Read a statement, or a member of a class."""
        kind = node.type
        if kind == "import_statement":
            self._import(node)
        elif kind in _CLASSES:
            self._class(node, scope, depth)
        elif kind in FUNCTIONS:
            if node.id not in self.noted:
                self.function(node, scope, depth, doubt)
        elif kind == "for_in_statement":
            self._loop(node, scope, depth, doubt)
        elif kind in _DOUBTFUL:
            self.block(node, scope, depth + 1, f"line {node.start_point[0] + 1}")
        elif kind.endswith(("_expression", "identifier")):
            self.expr(node, scope, depth + 1, doubt)
        elif kind not in _SILENT:
            self._simple(node, scope, depth, doubt)

    def _simple(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        match node.type:
            case "lexical_declaration" | "variable_declaration":
                for item in node.named_children:
                    if item.type == "variable_declarator":
                        self._declare(item, scope, depth, doubt)
            case "public_field_definition":
                name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                if value is not None:
                    scope.set(self.text(name), self.expr(value, scope, depth + 1, doubt))
            case "return_statement" | "expression_statement":
                for item in node.named_children:
                    made = self.expr(item, scope, depth + 1, doubt)
                    if node.type == "return_statement":
                        self.source.returned.append((made, scope))
            case _:
                self.block(node, scope, depth + 1, doubt)

    def _class(self, node: Syntax, scope: Scope, depth: int) -> None:
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        scope.set(name, Unread("a class"))
        if body is not None:
            self.block(body, self.object(scope, name), depth + 1)

    def _declare(self, node: Syntax, scope: Scope, depth: int, doubt: str) -> None:
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None:
            return
        if value is not None and value.id in self.noted:
            scope.set(self.text(target), Unread("a function"))
            return
        made = self.expr(value, scope, depth + 1, doubt) if value is not None else None
        if target.type == "identifier":
            scope.set(self.text(target), made if made is not None else Literal(None))
            return
        for item in target.named_children:
            if made is not None and item.type == "shorthand_property_identifier_pattern":
                scope.set(self.text(item), Attribute(made, self.text(item), *place_of(item)))
                continue
            for name in self.names_in(item, 0):
                parts = (made,) if made is not None else ()
                scope.set(name, Unread(f"{name} is taken out of something", parts=parts))

    def _import(self, node: Syntax) -> None:
        source = node.child_by_field_name("source")
        for clause in node.named_children:
            if clause.type == "import_require_clause":
                source = clause.child_by_field_name("source")
                path = module_of(self.text(source).strip("'\""))
                self.source.imports[self.text(clause.named_children[0])] = path
            for item in clause.named_children if clause.type == "import_clause" else ():
                path = module_of(self.text(source).strip("'\""))
                if item.type == "namespace_import":
                    self.source.imports[self.text(item.named_children[0])] = path
                elif item.type == "named_imports":
                    self._named_imports(item, path)
                else:
                    self.source.imports[self.text(item)] = f"{path}.default"

    def _named_imports(self, node: Syntax, path: str) -> None:
        for item in node.named_children:
            name = self.text(item.child_by_field_name("name"))
            alias = self.text(item.child_by_field_name("alias")) or name
            is_module = path == "core" and name.startswith("aws_")
            self.source.imports[alias] = name if is_module else f"{path}.{name}"
