"""The operators of Python, carried out on constants within bounds."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.artifacts.repository.python_pure import MOST_LENGTH, UnfoldableError


def grown(sign: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(sign, ast.Mult):
        sizes = [len(side) for side in (left, right) if isinstance(side, str | bytes | list)]
        times = [abs(side) for side in (left, right) if isinstance(side, int)]
        if sizes and times and sizes[0] * times[0] > MOST_LENGTH:
            raise UnfoldableError
        return left * right
    if abs(right) > 512 or left.bit_length() > 512:
        raise UnfoldableError
    return left << right if isinstance(sign, ast.LShift) else left**right


OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.RShift: operator.rshift,
    ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.Div: operator.truediv,
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
