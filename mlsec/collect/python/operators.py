"""Operators of Python on values that are known; of others nothing is known."""

from __future__ import annotations

import ast
import posixpath
from typing import Any

from mlsec.collect.located.located import UnknownValue

_ONLY_RUN = UnknownValue("only a run of the code gives it")
_MOST_ENTRIES = 10_000
_USUAL = 1e15


def binary(operator: ast.operator, left: Any, right: Any) -> Any:
    """Give what an operator other than a sum makes of two values: a path, a number."""
    if isinstance(operator, ast.Div) and isinstance(left, str) and isinstance(right, str):
        return posixpath.join(left, right)
    if _is_number(left) and _is_number(right) and isinstance(operator, ast.Mult | ast.Sub):
        return left * right if isinstance(operator, ast.Mult) else left - right
    return _ONLY_RUN


def added(values: list[Any]) -> Any:
    """Add up lists or whole numbers."""
    if all(isinstance(value, tuple) for value in values):
        return tuple(item for value in values for item in value)[:_MOST_ENTRIES]
    if all(type(value) is int and abs(value) < _USUAL for value in values):
        return sum(values)
    return _ONLY_RUN


def unary(operator: ast.unaryop, value: Any) -> Any:
    """Give what an operator makes of one value."""
    if isinstance(operator, ast.USub) and type(value) in (int, float):
        return -value
    if isinstance(operator, ast.Not) and isinstance(value, bool):
        return not value
    return _ONLY_RUN


def _is_number(value: Any) -> bool:
    """Whether it is a number that stays one of usual size when it is multiplied."""
    return type(value) in (int, float) and abs(value) < _USUAL
