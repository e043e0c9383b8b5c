"""Which calls a value of Python source is made by, as far as one file shows it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from mlsec.collect.python.bindings import Place
from mlsec.collect.python.meanings import attributes_of, meanings_of
from mlsec.collect.python.names import Namer

# Of one value: expressions that are looked at.
_MOST_STEPS = 3_000

Returns = Mapping[str, Sequence[tuple[ast.expr, Place]]]


def calls_behind(node: ast.expr, place: Place, namer: Namer, returns: Returns) -> frozenset[str]:
    """Name the calls whose results go into a value, through variables and functions of the file.

    Whatever is handed to a call goes into its result. A condition does not: it chooses between
    values, and is not one of them.
    """
    names: set[str] = set()
    waiting: list[tuple[ast.expr, Place]] = [(node, place)]
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < _MOST_STEPS:
        expression, around = waiting.pop()
        if (id(expression), id(around.scope)) in seen:
            continue
        seen.add((id(expression), id(around.scope)))
        if isinstance(expression, ast.Call):
            name = namer.name_of(expression.func, around)
            names.add(name)
            waiting += returns.get(name.removeprefix("."), ()) if name.startswith(".") else ()
        waiting += [(part, around) for part in _parts(expression)]
        waiting += _meant(expression, around)
    return frozenset(names)


def _parts(node: ast.expr) -> list[ast.expr]:
    """Give the expressions that a value is made of."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Compare):
        return []
    if isinstance(node, ast.Call):
        of = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*of, *node.args, *(item.value for item in node.keywords)]
    return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]


def _meant(node: ast.expr, place: Place) -> list[tuple[ast.expr, Place]]:
    """Give what a name, or an attribute of the own object, is set to."""
    match node:
        case ast.Name(id=name):
            meanings = meanings_of(name, place, (node.lineno, node.col_offset)) or ()
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            meanings = attributes_of(name, place)
        case _:
            return []
    given = [(item.value or item.each, Place(scope, item.block)) for item, scope in meanings]
    return [(value, around) for value, around in given if value is not None]
