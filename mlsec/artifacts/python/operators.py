"""The operators of Python, carried out on constants within bounds."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.artifacts.python.pure import MOST_LENGTH, UnfoldableError

MOST_BITS = 1 << 14


def grown(sign: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(sign, ast.Mult):
        sizes = [len(side) for side in (left, right) if isinstance(side, str | bytes | list)]
        times = [abs(side) for side in (left, right) if isinstance(side, int)]
        if sizes and times and sizes[0] * times[0] > MOST_LENGTH:
            raise UnfoldableError
        return _multiplied(left, right)
    if abs(right) > 512 or left.bit_length() > 512:
        raise UnfoldableError
    return left << right if isinstance(sign, ast.LShift) else left**right


def _small(left: Any, right: Any) -> None:
    """Multiplying and dividing long numbers takes the square of their length."""
    are_numbers = isinstance(left, int) and isinstance(right, int)
    if are_numbers and max(left.bit_length(), right.bit_length()) > MOST_BITS:
        raise UnfoldableError


def _multiplied(left: Any, right: Any) -> Any:
    _small(left, right)
    return left * right


def _rest(left: Any, right: Any) -> Any:
    _small(left, right)
    return left % right


def _divided(left: Any, right: Any) -> Any:
    _small(left, right)
    return left // right


OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.RShift: operator.rshift,
    ast.Mod: _rest, ast.FloorDiv: _divided, ast.Div: operator.truediv,
}  # fmt: skip
UNARY: Mapping[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
    ast.Not: operator.not_,
}  # fmt: skip
COMPARED: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right, ast.NotIn: lambda left, right: left not in right,
}  # fmt: skip
