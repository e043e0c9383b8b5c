"""One Bicep file as the template that it compiles to: parameters, variables, resources, modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.arm.bicep.expressions import (
    id_of,
    property_of,
    segments,
    symbol_at,
)
from mlsec.iac.arm.bicep.parsing import parse
from mlsec.iac.arm.bicep.symbols import (
    SPREAD,
    File,
    Kind,
    NotReadError,
    Symbol,
    conditional,
    is_sound,
    loop_of,
    mistakes_in,
    parts_of,
    place_of,
    properties,
)
from mlsec.iac.arm.bicep.values import Names, Values
from mlsec.iac.arm.resources import DEPLOYMENT

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_MAX_DEPTH = 50
_BODY = ("properties", "sku", "kind", "identity", "tags", "location", "zones", "plan")
_NOT_BODY = ("name", "parent", "scope", "dependsOn")
_DECLARED = {
    "parameter_declaration": Kind.PARAMETER, "variable_declaration": Kind.VARIABLE,
    "user_defined_function": Kind.OTHER,
}  # fmt: skip


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """The template of a file, and the paths of the modules that it uses; the lines and reasons of
    what only a compiler can put in; the first mistake.

    ``over_limit`` says which limit kept the file from being read, "" for none.
    """

    root: Node
    modules: tuple[str, ...] = ()
    left: tuple[tuple[int, str], ...] = ()
    mistake_line: int = 0
    over_limit: str = ""


def compile_source(text: str) -> Compiled:
    """Give the template that a file stands for."""
    parsed = parse(text)
    if isinstance(parsed, str):
        return Compiled(root=Node({}), over_limit=parsed)
    return _Template(File(parsed.data)).compiled(parsed.tree.root_node)


class _Template(Values):
    def __init__(self, file: File) -> None:
        super().__init__(file)
        self._decorators: dict[str, dict[str, Syntax | None]] = {}
        self._outputs: list[Syntax] = []

    def compiled(self, root: Syntax) -> Compiled:
        """Read all declarations, then write each of them."""
        self._declare(root)
        sections: dict[str, dict[str, Node]] = {
            "parameters": {}, "variables": {}, "resources": {}, "outputs": {},
        }  # fmt: skip
        copies: list[Node] = []
        for symbol in list(self.file.symbols.values()):
            self._write(symbol, sections, copies)
        for node in self._outputs:
            name, value = self._named(node)
            if value is not None:
                sections["outputs"][name] = Node({"value": self.value(value)}, *place_of(node))
        if copies:
            sections["variables"]["copy"] = Node(tuple(copies))
        made = {name: Node(entries) for name, entries in sections.items()}
        made["languageVersion"] = Node("2.0")
        mistake = _mistake_in(root)
        modules = tuple(
            symbol.type for symbol in self.file.symbols.values() if symbol.kind is Kind.MODULE
        )
        return Compiled(
            root=Node(made),
            modules=tuple(filter(None, modules)),
            left=tuple(self.file.left),
            mistake_line=mistake,
        )

    def _write(
        self, symbol: Symbol, sections: dict[str, dict[str, Node]], copies: list[Node]
    ) -> None:
        place = place_of(symbol.node)
        if symbol.kind is Kind.PARAMETER:
            sections["parameters"][symbol.name] = Node(self._parameter(symbol), *place)
        elif symbol.kind is Kind.VARIABLE:
            _, value = self._named(symbol.node)
            if value is None:
                return
            if not is_sound(symbol.node):
                sections["variables"][symbol.name] = Node(UnknownValue("it is not understood"))
            elif value.type == "for_statement":
                copies.append(self.copy(symbol.name, value))
            else:
                made = self.value(value)
                if isinstance(made.value, UnknownValue) and not made.value.text:
                    # The same words wherever it is used.
                    made = Node(made.value.worded(f"‹{symbol.name}›"), made.line, made.column)
                sections["variables"][symbol.name] = made
        elif symbol.kind is Kind.RESOURCE:
            sections["resources"][symbol.name] = Node(self._resource(symbol), *place)
        elif symbol.kind is Kind.MODULE and symbol.type:
            sections["resources"][symbol.name] = Node(self._module(symbol), *place)

    def _declare(self, root: Syntax) -> None:
        before: dict[str, Syntax | None] = {}
        for child in root.named_children:
            if child.type == "decorators":
                before |= self._decorated(child)
                continue
            if child.type == "comment":
                continue
            kind = _DECLARED.get(child.type)
            if kind is not None:
                name, _ = self._named(child)
                self.file.symbols[name] = Symbol(name=name, kind=kind, node=child)
                self._decorators[name] = before
            elif child.type in ("resource_declaration", "module_declaration"):
                self._declare_thing(child, None, 0)
            elif child.type == "output_declaration":
                self._outputs.append(child)
            before = {}
        for symbol in self.file.symbols.values():
            self._find_parent(symbol)

    def _decorated(self, node: Syntax) -> dict[str, Syntax | None]:
        decorators: dict[str, Syntax | None] = {}
        for decorator in node.named_children:
            call = decorator.named_children[0] if decorator.named_children else None
            function = call.child_by_field_name("function") if call is not None else None
            if call is None or function is None:
                continue
            given = call.child_by_field_name("arguments")
            first = given.named_children[0] if given is not None and given.named_children else None
            decorators[self.file.text(function).rpartition(".")[2]] = first
        return decorators

    def _declare_thing(self, node: Syntax, above: Symbol | None, depth: int) -> None:
        parts = parts_of(node)
        if len(parts) < 3 or depth > _MAX_DEPTH:
            return
        name = self.file.text(parts[0])
        written = self.file.literal(parts[1]) or ""
        kind = Kind.RESOURCE if node.type == "resource_declaration" else Kind.MODULE
        type_name = written.partition("@")[0] if kind is Kind.RESOURCE else written
        if above is not None:
            type_name = f"{above.type}/{type_name}"
        if kind is Kind.MODULE and written.startswith(("br:", "br/", "ts:", "ts/")):
            why = f"the module {written} is in a registry"
            self.file.left.append((node.start_point[0] + 1, why))
            type_name = ""
        symbol = Symbol(name=name, kind=kind, node=node, type=type_name, parent=above)
        symbol.is_existing = any(self.file.text(c) == "existing" for c in node.children)
        try:
            symbol.condition, symbol.body = conditional(parts[-1])
            if symbol.body.type == "for_statement":
                symbol.loop = loop_of(self.file, symbol.body)
                symbol.condition, symbol.body = symbol.loop.condition, symbol.loop.body
        except NotReadError:
            symbol.body = None
        self.file.symbols.setdefault(name, symbol)
        for item in properties(symbol.body) if symbol.body is not None else ():
            for child in item.named_children:
                if child.type == "resource_declaration":
                    self._declare_thing(child, symbol, depth + 1)

    def _find_parent(self, symbol: Symbol) -> None:
        if symbol.kind is not Kind.RESOURCE or symbol.parent is not None:
            return
        named = property_of(self.file, symbol.body, "parent")
        symbol.parent = symbol_at(self.file, named) if named is not None else None

    def _named(self, node: Syntax) -> tuple[str, Syntax | None]:
        """Give the name and the value of a declaration; None for the value where it has none."""
        parts = parts_of(node)
        name = self.file.text(parts[0]) if parts else ""
        values = [child for child in parts[1:] if child.type not in _TYPES]
        return name, values[-1] if values else None

    def _parameter(self, symbol: Symbol) -> dict[str, Node]:
        _, value = self._named(symbol.node)
        entry: dict[str, Node] = {"type": Node("string")}
        if value is not None:
            hidden = Node(UnknownValue("its default is not understood"))
            entry["defaultValue"] = self.value(value) if is_sound(symbol.node) else hidden
        is_nullable = any(
            child.type == "type" and self.file.text(child).endswith("?")
            for child in symbol.node.named_children
        )
        if is_nullable:
            entry["nullable"] = Node(value=True)
        allowed = self._decorators.get(symbol.name, {}).get("allowed")
        if allowed is not None:
            entry["allowedValues"] = self.value(allowed)
        return entry

    def _resource(self, symbol: Symbol) -> dict[str, Node]:
        entry: dict[str, Node] = {"type": Node(symbol.type, *place_of(symbol.node))}
        with Names(self.file, symbol.loop, symbol.name):
            if symbol.is_existing:
                entry["existing"] = Node(value=True)
            entry["name"] = self._name_along(symbol)
            body = symbol.body
            is_read = body is not None and body.type == "object" and is_sound(symbol.node)
            if is_read and property_of(self.file, body, SPREAD) is None and body is not None:
                entry |= self.entries(body, 0, left_out=_NOT_BODY)
            else:
                hidden = Node(UnknownValue("its body is not understood"), *place_of(symbol.node))
                entry |= dict.fromkeys(_BODY, hidden)
            self._common(symbol, entry)
            scope = property_of(self.file, symbol.body, "scope")
            target = symbol_at(self.file, scope) if scope is not None else None
            if target is not None and target.kind is Kind.RESOURCE:
                entry["scope"] = self.written(lambda: id_of(self.file, target))
        return entry

    def _name_along(self, symbol: Symbol) -> Node:
        """Write the name along a resource."""
        named = property_of(self.file, symbol.body, "name")
        if symbol.parent is None and named is not None:
            return self.value(named)

        def joined() -> str:
            between = ", '/', "
            return f"concat({between.join(segments(self.file, symbol))})"

        return self.written(joined)

    def _common(self, symbol: Symbol, entry: dict[str, Node]) -> None:
        if symbol.condition is not None:
            entry["condition"] = self.value(symbol.condition)
        if symbol.loop is not None:
            entry["copy"] = self.count(symbol.name, symbol.loop)

    def _module(self, symbol: Symbol) -> dict[str, Node]:
        file = self.file
        entry: dict[str, Node] = {"type": Node(DEPLOYMENT)}
        with Names(file, symbol.loop, symbol.name):
            named = property_of(file, symbol.body, "name")
            entry["name"] = self.value(named) if named is not None else Node(symbol.name)
            given: dict[str, Node] = {}
            params = property_of(file, symbol.body, "params")
            if params is not None and params.type == "object":
                entries = self.entries(params, 0)
                given = {key: Node({"value": value}) for key, value in entries.items()}
            path = {"relativePath": Node(symbol.type)}
            entry["properties"] = Node({"parameters": Node(given), "templateLink": Node(path)})
            group = self._group_of(symbol)
            if group is not None:
                entry["resourceGroup"] = group
            self._common(symbol, entry)
        return entry

    def _group_of(self, symbol: Symbol) -> Node | None:
        scope = property_of(self.file, symbol.body, "scope")
        if scope is None:
            return None
        target = symbol_at(self.file, scope)
        if target is not None and target.kind is Kind.RESOURCE:
            return self.written(lambda: segments(self.file, target)[-1])
        given = scope.child_by_field_name("arguments")
        return self.value(given.named_children[-1]) if given and given.named_children else None


_TYPES = (
    "type", "primitive_type", "nullable_type", "array_type", "union_type", "parameterized_type",
    "negated_type", "compatible_identifier",
)  # fmt: skip


def _mistake_in(root: Syntax) -> int:
    """Give the line of the first part that does not parse; 0 for none."""
    mistake = next(mistakes_in(root), None)
    return mistake.start_point[0] + 1 if mistake is not None else 0
