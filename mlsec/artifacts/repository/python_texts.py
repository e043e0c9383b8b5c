"""Folds Python expressions of constant texts: sums, joins, reversals, characters, encodings."""

from __future__ import annotations

import ast
import base64
import binascii
from collections.abc import Callable, Mapping

DEEP = 20
LONGEST = 10_000


def constant_text(node: ast.AST, deep: int = 0) -> str | None:
    """Fold an expression of constant texts: sums, joins, reversals, characters by number."""
    fold = _FOLDS.get(type(node))
    if fold is None or deep > DEEP:
        return None
    try:
        text = fold(node, deep + 1)
    except (ValueError, TypeError, OverflowError):  # binascii.Error is one
        return None
    return text if text is not None and len(text) <= LONGEST else None


def _constant(node: ast.AST, _deep: int) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value.decode("latin-1") if isinstance(value, bytes) else _text_or_none(value)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _sum(node: ast.AST, deep: int) -> str | None:
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return None
    left, right = constant_text(node.left, deep), constant_text(node.right, deep)
    return None if left is None or right is None else left + right


def _reversed(node: ast.AST, deep: int) -> str | None:
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice):
        return None
    text = constant_text(node.value, deep)
    is_backwards = isinstance(node.slice.step, ast.UnaryOp)
    return text[::-1] if text is not None and is_backwards else None


def _called(node: ast.AST, deep: int) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        return _method(node, node.func, deep)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if not node.args:
        return None
    if name == "chr":
        numbers = _numbers(ast.List(elts=node.args[:1]))
        return chr(numbers[0]) if numbers else None
    if name in {"bytes", "bytearray"}:
        numbers = _numbers(node.args[0])
        return bytes(numbers).decode("latin-1") if numbers else constant_text(node.args[0], deep)
    if name == "str":
        return constant_text(node.args[0], deep)
    decode = _DECODERS.get(name)
    return _decoded(decode, node.args[0], deep) if decode else None


def _method(node: ast.Call, func: ast.Attribute, deep: int) -> str | None:
    """``text.join(parts)``, ``bytes.decode()``, and what decodes: ``base64.b64decode(text)``."""
    if func.attr == "join" and node.args:
        return _join(func.value, node.args[0], deep)
    if func.attr in {"decode", "encode"}:
        return constant_text(func.value, deep)
    decode = _DECODERS.get(func.attr)
    return _decoded(decode, node.args[0], deep) if decode and node.args else None


_DECODERS: Mapping[str, Callable[[str], bytes]] = {
    "b64decode": base64.b64decode,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "fromhex": bytes.fromhex,
    "unhexlify": binascii.unhexlify,
}


def _decoded(decode: Callable[[str], bytes], node: ast.AST, deep: int) -> str | None:
    text = constant_text(node, deep)
    return None if text is None else decode(text).decode("latin-1")


def _join(between: ast.expr, listed: ast.expr, deep: int) -> str | None:
    glue = constant_text(between, deep)
    if glue is None:
        return None
    if isinstance(listed, ast.List | ast.Tuple):
        texts = [constant_text(part, deep) for part in listed.elts]
        has_all = bool(texts) and None not in texts
        return glue.join(text for text in texts if text is not None) if has_all else None
    numbers = _characters(listed)
    if numbers is None:
        return None if glue else constant_text(listed, deep)
    return glue.join(map(chr, numbers))


def _characters(node: ast.expr) -> list[int] | None:
    """The numbers of ``map(chr, numbers)`` and of ``chr(n) for n in numbers``."""
    if isinstance(node, ast.Call) and len(node.args) == 2:
        function, given = node.args
        is_map = isinstance(node.func, ast.Name) and node.func.id == "map"
        is_chr = isinstance(function, ast.Name) and function.id == "chr"
        return _numbers(given) if is_map and is_chr else None
    if not isinstance(node, ast.GeneratorExp | ast.ListComp) or len(node.generators) != 1:
        return None
    made, source = node.elt, node.generators[0]
    is_chr = (
        isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "chr"
    )
    if not is_chr or not isinstance(source.target, ast.Name):
        return None
    is_same = any(
        isinstance(one, ast.Name) and one.id == source.target.id
        for one in getattr(made, "args", ())
    )
    return _numbers(source.iter) if is_same else None


def _numbers(node: ast.expr) -> list[int] | None:
    """Numbers that are written out one by one, or bytes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return list(node.value[:LONGEST])
    if not isinstance(node, ast.List | ast.Tuple) or len(node.elts) > LONGEST:
        return None
    values = [one.value if isinstance(one, ast.Constant) else None for one in node.elts]
    numbers = [one for one in values if type(one) is int]
    return numbers if len(numbers) == len(values) else None


def _formatted(node: ast.AST, deep: int) -> str | None:
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    texts = [
        constant_text(part.value if isinstance(part, ast.FormattedValue) else part, deep)
        for part in parts
    ]
    return None if None in texts else "".join(text for text in texts if text is not None)


_FOLDS: Mapping[type, Callable[[ast.AST, int], str | None]] = {
    ast.Constant: _constant,
    ast.BinOp: _sum,
    ast.Subscript: _reversed,
    ast.Call: _called,
    ast.JoinedStr: _formatted,
}
