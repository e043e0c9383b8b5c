"""Expressions of Bicep, written as those of ARM templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.iac.arm.bicep.symbols import (
    SPREAD,
    File,
    Kind,
    NotReadError,
    Symbol,
    parts_of,
    properties,
)

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

MAX_DEPTH = 50
_BINARY = {
    "==": "equals({0}, {1})", "!=": "not(equals({0}, {1}))", "&&": "and({0}, {1})",
    "||": "or({0}, {1})", "+": "add({0}, {1})", "-": "sub({0}, {1})", "*": "mul({0}, {1})",
    "/": "div({0}, {1})", "%": "mod({0}, {1})", "<": "less({0}, {1})", ">": "greater({0}, {1})",
    "<=": "lessOrEquals({0}, {1})", ">=": "greaterOrEquals({0}, {1})", "??": "coalesce({0}, {1})",
    "=~": "equals(toLower({0}), toLower({1}))", "!~": "not(equals(toLower({0}), toLower({1})))",
}  # fmt: skip
# What a deployment, or the compiler by another file, works out.
_ELSEWHERE = ("loadtextcontent", "loadjsoncontent", "loadyamlcontent", "loadfileasbase64")
_SPACES = ("az", "sys")
# The function that stands for a part that is not read: its argument says why.
NOT_READ = "notRead"
_FULL = ("id", "name", "type", "apiversion")


def expression(file: File, node: Syntax, depth: int = 0) -> str:
    """Give an expression of a template.

    Raises:
        NotReadError: a part of it is not read.
    """
    if depth > MAX_DEPTH:
        raise NotReadError(f"it is nested deeper than {MAX_DEPTH}")
    writer = _WRITERS.get(node.type)
    if writer is None:
        raise NotReadError("it is put together in a way that is not read")
    return writer(file, node, depth)


def part(file: File, node: Syntax, depth: int) -> str:
    """Give a part of an expression; one that is not read stands as what is not known.

    So a part that is not reached, as in a choice that is decided, hides nothing.
    """
    try:
        return expression(file, node, depth + 1)
    except NotReadError as error:
        return f"{NOT_READ}({quoted(str(error))})"


def quoted(text: str) -> str:
    """Write a text into an expression."""
    return "'" + text.replace("'", "''") + "'"


def _string(file: File, node: Syntax, depth: int) -> str:
    parts: list[str] = []
    literal = ""
    for child in node.named_children:
        if child.type != "interpolation":
            literal += file.piece(child)
            continue
        if literal:
            parts.append(quoted(literal))
            literal = ""
        inside = parts_of(child)
        parts += [part(file, item, depth) for item in inside]
    if literal or not parts:
        parts.append(quoted(literal))
    is_text = len(parts) == 1 and parts[0].startswith("'")
    return parts[0] if is_text else f"concat({', '.join(parts)})"


def _identifier(file: File, node: Syntax, depth: int) -> str:
    del depth
    name = file.text(node)
    if name in file.local:
        return file.local[name]
    symbol = file.symbols.get(name)
    if symbol is None or symbol.kind not in (Kind.PARAMETER, Kind.VARIABLE):
        raise NotReadError(f"{name} as a whole is not worked out")
    return f"{symbol.kind.value}({quoted(name)})"


def symbol_at(file: File, node: Syntax) -> Symbol | None:
    """Give the resource or module that a node names."""
    if node.type == "resource_expression":
        inner = node.child_by_field_name("resource")
        node = inner if inner is not None else node
    if node.type == "nullable_type" and node.named_children:
        node = node.named_children[0]
    if node.type != "identifier" or file.text(node) in file.local:
        return None
    symbol = file.symbols.get(file.text(node))
    is_thing = symbol is not None and symbol.kind in (Kind.RESOURCE, Kind.MODULE)
    return symbol if is_thing else None


def _member(file: File, node: Syntax, depth: int) -> str:
    of, named = node.child_by_field_name("object"), node.child_by_field_name("property")
    if of is None or named is None:
        raise NotReadError("a step into something that is not understood")
    name = file.text(named)
    symbol = symbol_at(file, of)
    if symbol is not None:
        return _of_thing(file, symbol, name, depth)
    inner = of.child_by_field_name("object") if of.type == "member_expression" else None
    module = symbol_at(file, inner) if inner is not None else None
    if module is not None and module.kind is Kind.MODULE:
        if module.loop is not None or module.type == "":
            raise NotReadError(f"what {module.name} gives is known to the deployment")
        return f"reference({quoted(module.name)}).outputs.{name}.value"
    return f"{expression(file, of, depth + 1)}.{name}"


def _of_thing(file: File, symbol: Symbol, name: str, depth: int) -> str:
    if symbol.loop is not None:
        raise NotReadError(f"{symbol.name} is more than one")
    if symbol.kind is Kind.RESOURCE and name.lower() in _FULL:
        if name.lower() == "id":
            return id_of(file, symbol, depth)
        if name.lower() == "name":
            return segments(file, symbol, depth)[-1]
        return quoted(symbol.type)
    if symbol.kind is Kind.MODULE:
        raise NotReadError(f"{name} of {symbol.name} is known to the deployment")
    whole = f"reference({quoted(symbol.name)})"
    return whole if name == "properties" else f"{whole}.{name}"


def segments(file: File, symbol: Symbol, depth: int = 0) -> list[str]:
    """Give the names along a resource, each as an expression.

    Raises:
        NotReadError: there are not as many as its type has.
    """
    named = property_of(file, symbol.body, "name") if symbol.body is not None else None
    if named is None or depth > MAX_DEPTH:
        raise NotReadError(f"the name of {symbol.name} is not understood")
    literal = file.literal(named)
    if literal is not None:
        own = [quoted(part) for part in literal.split("/")]
    else:
        own = [expression(file, named, depth + 1)]
    above = segments(file, symbol.parent, depth + 1) if symbol.parent is not None else []
    together = [*above, *own]
    if len(together) != symbol.type.count("/"):
        raise NotReadError(f"the name of {symbol.name} has parts that are not known apart")
    return together


def id_of(file: File, symbol: Symbol, depth: int = 0) -> str:
    """Give the id of a resource."""
    scope = property_of(file, symbol.body, "scope") if symbol.body is not None else None
    names = segments(file, symbol, depth)
    group = [] if scope is None else _group(file, scope, depth)
    return f"resourceId({', '.join([*group, quoted(symbol.type), *names])})"


def _group(file: File, node: Syntax, depth: int) -> list[str]:
    """Give the group that a resource is in, where it is said."""
    function = node.child_by_field_name("function")
    given = node.child_by_field_name("arguments")
    is_group = function is not None and file.text(function).endswith("resourceGroup")
    if node.type == "call_expression" and is_group and given is not None:
        return [expression(file, item, depth + 1) for item in given.named_children[-1:]]
    raise NotReadError("where it lies is known to the deployment")


def property_of(file: File, body: Syntax | None, name: str) -> Syntax | None:
    """Give the value of a property of an object."""
    for item in properties(body) if body is not None else ():
        parts = parts_of(item)
        if len(parts) == 2 and key_of(file, parts[0]) == name:
            return parts[1]
    return None


def key_of(file: File, node: Syntax) -> str | None:
    """Give the key of a property; None for one that is worked out."""
    return file.text(node) if node.type == "identifier" else file.literal(node)


def _subscript(file: File, node: Syntax, depth: int) -> str:
    of, index = node.child_by_field_name("object"), node.child_by_field_name("index")
    if of is None or index is None or symbol_at(file, of) is not None:
        raise NotReadError("which of several it is is not worked out")
    return f"{expression(file, of, depth + 1)}[{expression(file, index, depth + 1)}]"


def _call(file: File, node: Syntax, depth: int) -> str:
    function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None:
        raise NotReadError("a call that is not understood")
    name = file.text(function)
    space, _, short = name.rpartition(".")
    if space in _SPACES:
        name = short
    if "." in name or name.lower() in _ELSEWHERE:
        raise NotReadError(f"{short}() is answered by the deployment")
    known = file.symbols.get(name)
    if known is not None and known.kind is Kind.OTHER:
        raise NotReadError(f"{name}() is a function of the file")
    items = parts_of(given) if given is not None else []
    arguments = [part(file, item, depth) for item in items]
    if name == "any" and len(arguments) == 1:
        return arguments[0]
    return f"{name}({', '.join(arguments)})"


def _binary(file: File, node: Syntax, depth: int) -> str:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        raise NotReadError("an expression that is not understood")
    operator = file.between(left, right)
    form = _BINARY.get(operator)
    if form is None:
        raise NotReadError(f"{operator} is not read")
    return form.format(part(file, left, depth), part(file, right, depth))


def _unary(file: File, node: Syntax, depth: int) -> str:
    argument = node.child_by_field_name("argument")
    if argument is None:
        raise NotReadError("an expression that is not understood")
    inner = expression(file, argument, depth + 1)
    return f"not({inner})" if file.text(node)[:1] == "!" else f"sub(0, {inner})"


def _ternary(file: File, node: Syntax, depth: int) -> str:
    names = ("condition", "consequence", "alternative")
    parts = [node.child_by_field_name(name) for name in names]
    written = [part(file, node, depth) for node in parts if node is not None]
    if len(written) != 3:
        raise NotReadError("a choice that is not understood")
    return f"if({', '.join(written)})"


def _array(file: File, node: Syntax, depth: int) -> str:
    items = parts_of(node)
    if any(item.type == "ERROR" for item in items):
        raise NotReadError("another list is put in here")
    return f"createArray({', '.join(part(file, item, depth) for item in items)})"


def _object(file: File, node: Syntax, depth: int) -> str:
    layers: list[str] = []
    parts: list[str] = []
    for item in properties(node):
        pair = parts_of(item)
        key = key_of(file, pair[0]) if len(pair) == 2 else None
        if len(pair) != 2:
            raise NotReadError("an entry that is not understood")
        written = part(file, pair[1], depth)
        if key == SPREAD:
            layers += [f"createObject({', '.join(parts)})", written]
            parts = []
        else:
            named = quoted(key) if key is not None else part(file, pair[0], depth)
            parts += [named, written]
    last = f"createObject({', '.join(parts)})"
    return f"shallowMerge(createArray({', '.join([*layers, last])}))" if layers else last


def _inside(file: File, node: Syntax, depth: int) -> str:
    items = parts_of(node)
    if len(items) != 1:
        raise NotReadError("an expression that is not understood")
    return expression(file, items[0], depth + 1)


_WRITERS: Mapping[str, Callable[[File, Syntax, int], str]] = {
    "string": _string,
    "identifier": _identifier,
    "number": lambda file, node, _: file.text(node),
    "boolean": lambda file, node, _: f"{file.text(node)}()",
    "null": lambda *_: "null()",
    "member_expression": _member,
    "subscript_expression": _subscript,
    "call_expression": _call,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "ternary_expression": _ternary,
    "parenthesized_expression": _inside,
    "nullable_type": _inside,
    "array": _array,
    "object": _object,
}
