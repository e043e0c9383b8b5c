"""Small questions about the nodes of a Python tree."""

from __future__ import annotations

import ast


def children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node, without the text that describes a module or class."""
    if isinstance(node, ast.Module | ast.ClassDef):
        body = {id(item) for item in node.body}
        outer = [child for child in ast.iter_child_nodes(node) if id(child) not in body]
        return [*outer, *undocumented(node)]
    return list(ast.iter_child_nodes(node))


def undocumented(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> list[ast.stmt]:
    """The body without the text that describes it."""
    first = node.body[0] if node.body else None
    has_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return node.body[1:] if has_text else node.body


def shown(node: ast.Call) -> str:
    """What a call calls, as it is written."""
    return ast.unparse(node.func)[:60]


def is_main(test: ast.expr) -> bool:
    """Whether a condition asks if the file was started by itself."""
    return isinstance(test, ast.Compare) and "__name__" in {
        part.id for part in ast.walk(test) if isinstance(part, ast.Name)
    }
