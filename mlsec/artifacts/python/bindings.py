"""Collects what each name, attribute and parameter of a Python file is set to, wherever it is."""

from __future__ import annotations

import ast
from collections.abc import Mapping

# How many meanings of one name are kept, and how many calls of one function.
MOST_MEANINGS = 40
Meaning = str | ast.expr


class Items(ast.expr):
    """Stands for any item of what ``held`` is: of a list, of a loop, of what a call was given."""

    _fields = ("held",)

    def __init__(self, node: ast.expr) -> None:
        super().__init__()
        self.held = node


class Bindings:
    """The names of one file, taken together: in which order things happen is not followed."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, list[Meaning]] = {}
        self.attributes: dict[str, list[ast.expr]] = {}
        # What was put into a container under a name, beside what it was made of.
        self.put: dict[str, list[ast.expr]] = {}
        self.keyed: dict[tuple[str, str], ast.expr] = {}
        self.stars: dict[str, None] = {}
        self.given: set[str] = set()
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self._calls: list[ast.Call] = []
        # Functions of classes and their attributes: no bare name means them.
        self._methods: set[int] = set()
        for node in ast.walk(tree):
            self._bind(node)
        for call in self._calls:
            self._pass(call)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Match():
                self._match(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.Lambda():
                self._parameters(node.args)
            case ast.ClassDef():
                self._class(node)
            case ast.Call():
                self._calls.append(node)
            case _:
                self._set(node)

    def _set(self, node: ast.AST) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assign(node.target, value)
            case ast.AugAssign(target=ast.Name() as target):
                self._add(target, node)
            case ast.NamedExpr():
                self._assign(node.target, node.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._assign(node.target, Items(node.iter))
            case ast.withitem(optional_vars=ast.expr() as target):
                self._assign(target, node.context_expr)
                self._assign(target, Items(node.context_expr))
            case _:
                pass

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.functions[node.name] = node
        if id(node) not in self._methods:
            self._named(node.name, f".{node.name}")
        self._parameters(node.args)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                plain = alias.name if alias.asname else alias.name.split(".")[0]
                self._named(alias.asname or plain, plain)
        elif node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    self.stars[node.module] = None
                else:
                    self._named(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _named(self, name: str, meaning: Meaning) -> None:
        known = self.names.setdefault(name, [])
        if len(known) < MOST_MEANINGS and meaning not in known:
            known.append(meaning)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name():
                self._named(target.id, value)
            case ast.Attribute():
                self._attribute(target.attr, value)
            case ast.Starred():
                self._assign(target.value, value)
            case ast.Tuple() | ast.List():
                self._unpack(target.elts, value)
            case ast.Subscript():
                self._item(target, value)
            case _:
                pass

    def _unpack(self, targets: list[ast.expr], value: ast.expr) -> None:
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        has_star = any(isinstance(item, ast.Starred) for item in targets)
        for at, target in enumerate(targets):
            is_paired = len(parts) == len(targets) and not has_star
            self._assign(target, parts[at] if is_paired else Items(value))

    def _item(self, target: ast.Subscript, value: ast.expr) -> None:
        key = target.slice.value if isinstance(target.slice, ast.Constant) else None
        owner = target.value
        if isinstance(owner, ast.Call) and isinstance(key, str):
            # globals()["name"] = value
            if isinstance(owner.func, ast.Name) and owner.func.id in {"globals", "locals", "vars"}:
                self._named(key, value)
            return
        name = _last(owner)
        if name:
            self.put.setdefault(name, []).append(value)
            if isinstance(key, str):
                self.keyed[name, key] = value

    def _attribute(self, name: str, value: ast.expr) -> None:
        known = self.attributes.setdefault(name, [])
        if len(known) < MOST_MEANINGS:
            known.append(value)

    def _add(self, target: ast.Name, node: ast.AugAssign) -> None:
        before = [item for item in self.names.get(target.id, ()) if isinstance(item, ast.expr)]
        if before:
            sum_of = ast.BinOp(left=before[-1], op=node.op, right=node.value)
            self._named(target.id, ast.copy_location(sum_of, node.value))

    def _match(self, node: ast.Match) -> None:
        for case in node.cases:
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None)
                if isinstance(part, ast.MatchAs | ast.MatchStar) and name:
                    self._named(name, node.subject)
                    self._named(name, Items(node.subject))

    def _class(self, node: ast.ClassDef) -> None:
        self.classes[node.name] = node
        self._named(node.name, f".{node.name}")
        for item in node.body:
            self._methods.add(id(item))
            if isinstance(item, ast.Assign):
                for target in item.targets:
                    if isinstance(target, ast.Name):
                        self._attribute(target.id, item.value)

    def _parameters(self, form: ast.arguments) -> None:
        every = [*form.posonlyargs, *form.args]
        behind = every[len(every) - len(form.defaults) :]
        pairs = [
            *zip(behind, form.defaults, strict=True),
            *zip(form.kwonlyargs, form.kw_defaults, strict=True),
        ]
        for result, default in pairs:
            if default is not None:
                self._named(result.arg, default)
        others = [form.vararg, form.kwarg]
        self.given.update(item.arg for item in [*every, *form.kwonlyargs, *others] if item)

    def _pass(self, call: ast.Call) -> None:
        """Bind what a call gives to the parameters of the function of that name."""
        name = _last(call.func)
        if name == "setattr" and len(call.args) == 3 and isinstance(call.args[1], ast.Constant):
            self._attribute(str(call.args[1].value), call.args[2])
        elif name in _PUTS and isinstance(call.func, ast.Attribute):
            owner = _last(call.func.value)
            self.put.setdefault(owner, []).extend(call.args[-1:])
        form = call.func.args if isinstance(call.func, ast.Lambda) else None
        made = self.functions.get(name)
        if made is None and name in self.classes:
            made = _constructor(self.classes[name])
        if made is not None:
            form = made.args
        if form is not None:
            self._hand(form, call)

    def _hand(self, form: ast.arguments, call: ast.Call) -> None:
        every = [
            posonlyarg.arg
            for posonlyarg in [*form.posonlyargs, *form.args]
            if posonlyarg.arg not in {"self", "cls"}
        ]
        for at, value in enumerate(call.args):
            if isinstance(value, ast.Starred):
                items = Items(value.value)
                for name in every[at:]:
                    self._named(name, items)
                break
            if at < len(every):
                self._named(every[at], value)
            elif form.vararg:
                self.put.setdefault(form.vararg.arg, []).append(value)
        known = {*every, *(argument.arg for argument in form.kwonlyargs)}
        for keyword in call.keywords:
            if keyword.arg in known:
                self._named(str(keyword.arg), keyword.value)
            elif form.kwarg:
                self.put.setdefault(form.kwarg.arg, []).append(keyword.value)


_PUTS = frozenset(("append", "add", "insert", "setdefault", "appendleft"))


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    function_defs: Mapping[str, ast.FunctionDef] = {
        item.name: item for item in node.body if isinstance(item, ast.FunctionDef)
    }
    return function_defs.get("__init__")


def _last(node: ast.expr) -> str:
    """The last name of a dotted expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
