"""Resolves what a Python expression names: imports, aliases, and names put together from text."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping

DEEP = 20
LONGEST = 10_000
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_BUILTINS = frozenset(dir(builtins))


class Scope:
    """The names of one file; assignments are taken together, the last one counts."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, str] = {}
        self.assigned: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                plain = alias.name if alias.asname else alias.name.split(".")[0]
                self.names[alias.asname or plain] = plain
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.assigned[target.id] = node.value
        elif isinstance(node, ast.NamedExpr):
            self.assigned[node.target.id] = node.value
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            self.names.setdefault(node.name, f".{node.name}")

    def name_of(self, node: ast.expr, deep: int = 0) -> tuple[str, bool]:
        """The dotted name of an expression, "" if it has none, and whether it was hidden."""
        if deep > DEEP:
            return "", False
        match node:
            case ast.Name():
                return self._name(node.id, deep)
            case ast.Attribute():
                base, hidden = self.name_of(node.value, deep + 1)
                return (_joined(base, node.attr), hidden) if base else ("", hidden)
            case ast.Call():
                return self._call(node, deep)
            case ast.Subscript():
                return self._item(node, deep)
            case ast.NamedExpr():
                return self.name_of(node.value, deep + 1)
            case ast.IfExp():
                return self._any((node.body, node.orelse), deep)
            case ast.BoolOp():
                return self._any(tuple(node.values), deep)
            case _:
                return "", False

    def _any(self, choices: tuple[ast.expr, ...], deep: int) -> tuple[str, bool]:
        """The first of some expressions that has a name."""
        found = (self.name_of(choice, deep + 1) for choice in choices[:8])
        return next((one for one in found if one[0]), ("", False))

    def _name(self, name: str, deep: int) -> tuple[str, bool]:
        if name in self.names:
            return self.names[name], False
        if name in self.assigned:
            return self.name_of(self.assigned[name], deep + 1)
        if name in {"__builtins__", "builtins"}:
            return "builtins", name == "__builtins__"
        return (f"builtins.{name}", False) if name in _BUILTINS else ("", False)

    def _call(self, node: ast.Call, deep: int) -> tuple[str, bool]:
        called, hidden = self.name_of(node.func, deep + 1)
        if called in _IMPORTERS and node.args:
            module = self.text_of(node.args[0], deep + 1)
            return (module, True) if module else ("", True)
        if called == "builtins.getattr" and len(node.args) >= 2:
            base, _ = self.name_of(node.args[0], deep + 1)
            name = self.text_of(node.args[1], deep + 1)
            return (_joined(base, name), True) if base and name else ("", True)
        if called in _NAMESPACES:
            base = self.name_of(node.args[0], deep + 1)[0] if node.args else "globals()"
            return f"{base}.__dict__", True
        return "", hidden

    def _item(self, node: ast.Subscript, deep: int) -> tuple[str, bool]:
        base, _ = self.name_of(node.value, deep + 1)
        key = self.text_of(node.slice, deep + 1)
        if not base or key is None:
            return "", False
        if base == "sys.modules":
            return key, True
        if base == "globals().__dict__":
            return self._name(key, deep + 1)[0], True
        if base.endswith(".__dict__"):
            return _joined(base.removesuffix(".__dict__"), key), True
        return (_joined(base, key), True) if base == "builtins" else ("", False)

    def text_of(self, node: ast.expr, deep: int = 0) -> str | None:
        """The text that an expression is, if that can be said."""
        if isinstance(node, ast.Name) and node.id in self.assigned and deep < DEEP:
            return self.text_of(self.assigned[node.id], deep + 1)
        return constant_text(node)


def _joined(base: str, name: str) -> str:
    return name if base == "globals()" else f"{base}.{name}"


def constant_text(node: ast.AST, deep: int = 0) -> str | None:
    """Fold an expression of constant texts: sums, joins, reversals, characters by number."""
    fold = _FOLDS.get(type(node))
    if fold is None or deep > DEEP:
        return None
    try:
        text = fold(node, deep + 1)
    except (ValueError, TypeError, OverflowError):
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
    if not isinstance(node, ast.Call) or not node.args:
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "chr":
        number = node.args[0]
        is_number = isinstance(number, ast.Constant) and isinstance(number.value, int)
        return chr(number.value) if is_number else None  # type: ignore[attr-defined]
    if isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        between = constant_text(node.func.value, deep)
        listed = node.args[0]
        parts = listed.elts if isinstance(listed, ast.List | ast.Tuple) else []
        texts = [constant_text(part, deep) for part in parts]
        if between is not None and parts and None not in texts:
            return between.join(text for text in texts if text is not None)
    return None


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
