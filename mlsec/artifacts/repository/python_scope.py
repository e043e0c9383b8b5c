"""Resolves what a Python expression names: imports, aliases, and names put together from text."""

from __future__ import annotations

import ast
import builtins
from copy import deepcopy

from mlsec.artifacts.repository.python_names import reach_of
from mlsec.artifacts.repository.python_texts import DEEP, constant_text

# How many meanings of one name are tried, and how long a text expression is whose names are.
MOST_MEANINGS, MOST_PARTS = 4, 200
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_BUILTINS = frozenset(dir(builtins))


class Scope:
    """The names of one file; assignments are taken together, the last one counts.

    ``meanings`` is how many a name may have, from imports in branches; ``meaning`` is the one that
    is asked for, 0 for the last.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, str] = {}
        self.assigned: dict[str, ast.expr] = {}
        self.items: dict[tuple[str, str], ast.expr] = {}
        self.meaning = 0
        self.meanings = 1
        self._others: dict[str, list[str]] = {}
        self._stars: list[str] = []
        self._given: set[str] = set()
        for node in ast.walk(tree):
            self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.arg):
            self._given.add(node.arg)
        elif isinstance(node, ast.NamedExpr):
            self.assigned[node.target.id] = node.value
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            self.names.setdefault(node.name, f".{node.name}")

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                plain = alias.name if alias.asname else alias.name.split(".")[0]
                self._named(alias.asname or plain, plain)
        elif node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    self._stars.append(node.module)
                else:
                    self._named(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.assigned[target.id] = value
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            key = constant_text(target.slice)
            if key is not None:
                self.items[target.value.id, key] = value

    def _named(self, name: str, meant: str) -> None:
        before = self.names.get(name, meant)
        if before != meant:
            others = self._others.setdefault(name, [])
            if before not in others and len(others) < MOST_MEANINGS - 1:
                others.append(before)
                self.meanings = max(self.meanings, 1 + len(others))
        self.names[name] = meant

    def name_of(self, node: ast.expr, deep: int = 0) -> tuple[str, bool]:
        """The dotted name of an expression, "" if it has none, and whether it was hidden."""
        if deep > DEEP:
            return "", False
        match node:
            case ast.Name():
                return self._name(node.id, deep)
            case ast.Attribute(attr="__call__"):
                return self.name_of(node.value, deep + 1)
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
            others = self._others.get(name, ()) if self.meaning else ()
            if others:
                return others[min(self.meaning, len(others)) - 1], False
            return self.names[name], False
        if name in self.assigned:
            return self.name_of(self.assigned[name], deep + 1)
        if name in {"__builtins__", "builtins"}:
            return "builtins", name == "__builtins__"
        if name in _BUILTINS:
            return f"builtins.{name}", False
        return self._starred(name), False

    def _starred(self, name: str) -> str:
        """What ``from module import *`` may have brought, where that reaches anything."""
        if name in self._given or name.startswith("_"):
            return ""
        found = (f"{module}.{name}" for module in self._stars[:MOST_MEANINGS])
        return next((one for one in found if reach_of(one)), "")

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
        held = self._held(node)
        if held is not None:
            return self.name_of(held, deep + 1)
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

    def _held(self, node: ast.Subscript) -> ast.expr | None:
        """The item of a list, tuple or dict that is written out, or that was put there."""
        key, owner = _key(node.slice), node.value
        if isinstance(owner, ast.Name):
            put = self.items.get((owner.id, key)) if isinstance(key, str) else None
            if put is not None:
                return put
            owner = self.assigned.get(owner.id, owner)
        if isinstance(owner, ast.List | ast.Tuple) and isinstance(key, int):
            return owner.elts[key] if -len(owner.elts) <= key < len(owner.elts) else None
        if isinstance(owner, ast.Dict) and key is not None:
            for one, value in zip(owner.keys, owner.values, strict=True):
                if isinstance(one, ast.Constant) and one.value == key:
                    return value
        return None

    def text_of(self, node: ast.expr, deep: int = 0) -> str | None:
        """The text that an expression is, if that can be said."""
        if isinstance(node, ast.Name) and node.id in self.assigned and deep < DEEP:
            return self.text_of(self.assigned[node.id], deep + 1)
        text = constant_text(node)
        if text is None and self.assigned and not isinstance(node, ast.Name | ast.Attribute):
            text = constant_text(self._with_values(node))
        return text

    def _with_values(self, node: ast.expr) -> ast.expr:
        """The same expression with names replaced by the texts they stand for."""
        parts = list(ast.walk(node))
        names = [one for one in parts if isinstance(one, ast.Name) and one.id in self.assigned]
        if not names or len(parts) > MOST_PARTS:
            return node
        texts = {one.id: constant_text(self.assigned[one.id]) for one in names}
        known = _Values({name: text for name, text in texts.items() if text is not None})
        found: ast.expr = known.visit(deepcopy(node))
        return found


def _key(node: ast.expr) -> object:
    """The constant that an item is taken by; None for all else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _key(node.operand)
        return -number if isinstance(number, int) else None
    return node.value if isinstance(node, ast.Constant) else None


class _Values(ast.NodeTransformer):
    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self.texts.get(node.id)
        return node if text is None else ast.Constant(value=text)


def _joined(base: str, name: str) -> str:
    return name if base == "globals()" else f"{base}.{name}"
