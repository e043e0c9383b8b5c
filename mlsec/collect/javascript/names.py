"""What the names of a JavaScript file stand for: modules, and the expressions they are set to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlsec.collect.javascript.relevance import library_of
from mlsec.collect.javascript.syntax import words_of

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_WRAPS = frozenset({
    "await_expression", "parenthesized_expression", "as_expression", "non_null_expression",
    "satisfies_expression", "type_assertion",
})  # fmt: skip
_LOADS = ("import", "require")


def unwrapped(node: Syntax) -> Syntax:
    """Give what is awaited, in brackets, or said to be of a type."""
    while node.type in _WRAPS and node.named_children:
        node = node.named_children[-1 if node.type == "type_assertion" else 0]
    return node


class Names:
    """The names of one file, whatever function they stand in.

    ``imports`` are names with the library they are of; ``set_to`` are names, and members of
    ``this``, with all that they are set to: None for what only a caller gives.
    """

    def __init__(self, nodes: Iterable[Syntax]) -> None:
        self.imports: dict[str, str] = {}
        self.set_to: dict[str, list[Syntax | None]] = {}
        for node in nodes:
            self._visit(node)

    def _visit(self, node: Syntax) -> None:
        match node.type:
            case "import_statement":
                self._import(node)
            case "variable_declarator":
                self._declare(node)
            case "assignment_expression":
                self._set(node.child_by_field_name("left"), node.child_by_field_name("right"))
            case "assignment_pattern" | "object_assignment_pattern":
                self._set(node.child_by_field_name("left"), node.child_by_field_name("right"))
            case "required_parameter" | "optional_parameter":
                self._set(node.child_by_field_name("pattern"), node.child_by_field_name("value"))
            case "public_field_definition" | "field_definition":
                name = words_of(node.child_by_field_name("name"))
                self._add(f"this.{name}", node.child_by_field_name("value"))
            case _:
                pass

    def _add(self, name: str, value: Syntax | None) -> None:
        self.set_to.setdefault(name, []).append(value)

    def _set(self, target: Syntax | None, value: Syntax | None) -> None:
        kinds = ("identifier", "shorthand_property_identifier_pattern", "member_expression")
        if target is not None and target.type in kinds:
            self._add(words_of(target), value)

    def _declare(self, node: Syntax) -> None:
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        library = _library_in(unwrapped(value)) if value is not None else ""
        if not library or target is None:
            self._set(target, value)
        elif target.type == "identifier":
            self.imports[words_of(target)] = library
        else:
            for item in target.named_children:
                key = item.child_by_field_name("key") or item
                alias = item.child_by_field_name("value") or item
                self.imports[words_of(alias)] = f"{library}.{words_of(key)}"

    def _import(self, node: Syntax) -> None:
        library = library_of(words_of(node.child_by_field_name("source")))
        if not library:
            return
        clauses = [child for child in node.named_children if child.type == "import_clause"]
        for item in [item for clause in clauses for item in clause.named_children]:
            if item.type == "named_imports":
                for part in item.named_children:
                    name = words_of(part.child_by_field_name("name"))
                    alias = words_of(part.child_by_field_name("alias")) or name
                    self.imports[alias] = f"{library}.{name}"
            else:
                first = item.named_children[0] if item.named_children else item
                self.imports[words_of(first)] = library


def _library_in(node: Syntax) -> str:
    """Name the library that ``import(...)`` or ``require(...)`` loads, "" for every other call."""
    function = node.child_by_field_name("function")
    if node.type != "call_expression" or words_of(function) not in _LOADS:
        return ""
    return library_of(words_of(node.child_by_field_name("arguments")))
