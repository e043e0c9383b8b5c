"""Nodes of the syntax tree of Python: what they hold, and from where on what they say holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlsec.collect.python.bindings import Position

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def children_of(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr_context | ast.operator | ast.Constant):
            yield child


def held_from(node: ast.AST) -> Position:
    """Give from where on a name holds: where a statement ends, or its body begins."""
    body = getattr(node, "body", None)
    if isinstance(node, _FUNCTIONS):
        return (node.lineno, node.col_offset)
    if isinstance(body, list) and body and isinstance(node, ast.stmt | ast.ExceptHandler):
        first = body[0]
        return (first.lineno, first.col_offset)
    if isinstance(node, COMPREHENSIONS):
        return (node.lineno, node.col_offset)
    line, column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return (line or 0, column or 0)


def end_of(node: ast.Call) -> int:
    return (node.end_lineno or 0) * 1_000 + min(999, node.end_col_offset or 0)


def is_main(test: ast.expr) -> bool:
    """Whether a branch is what a script does when it is run: if __name__ == "__main__"."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant()]):
            return True
        case _:
            return False
