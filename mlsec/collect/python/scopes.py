"""The scopes of a Python file: which names are set where, and which calls stand where."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mlsec.collect.python.bindings import Binding, Place, Scope
from mlsec.collect.python.nodes import (
    COMPREHENSIONS,
    children_of,
    end_of,
    held_from,
    is_main,
)

MOST_NODES = 2_000_000
# Methods by which a mapping or list becomes another.
_CHANGES = frozenset({
    "append", "extend", "insert", "update", "pop", "clear", "remove", "setdefault",
})  # fmt: skip


class Scopes:
    """All scopes of a file and its calls, from one walk that needs no recursion."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope("module", None)
        self.calls: list[tuple[ast.Call, Place, str]] = []
        self.places: dict[int, Place] = {}
        # The functions of the file by their names: their parameters, and the place inside.
        self.functions: dict[str, list[tuple[ast.arguments, Place]]] = {}
        self.classes: dict[str, list[Scope]] = {}
        # What each function of the file returns, by its name.
        self.returns: dict[str, list[tuple[ast.expr, Place]]] = {}
        self._blocks = 0
        self._waiting: list[tuple[ast.AST, Place]] = []
        self._given: dict[int, str] = {}
        self._visits: dict[type[ast.AST], Callable[[Any, Place], None]] = {
            ast.If: self._if,
            ast.For: self._loop,
            ast.AsyncFor: self._loop,
            ast.While: self._loop,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Match: self._match,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Assign: self._assign,
            ast.AnnAssign: self._assign,
            ast.NamedExpr: self._assign,
            ast.AugAssign: self._unset,
            ast.Delete: self._unset,
            ast.Global: self._foreign,
            ast.Nonlocal: self._foreign,
            ast.Call: self._call,
            ast.Return: self._return,
            **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
                            self._definition),
            **dict.fromkeys(COMPREHENSIONS, self._comprehension),
        }  # fmt: skip
        self._add_all(tree.body, Place(self.module, ()))
        seen = 0
        while self._waiting:
            seen += 1
            if seen > MOST_NODES:
                break
            node, place = self._waiting.pop()
            self._visit(node, place)
        self.is_cut = bool(self._waiting)
        for scope in self._all:
            for bindings in scope.bindings.values():
                bindings.sort(key=lambda binding: binding.at)
        self.calls.sort(key=lambda item: (item[0].lineno, item[0].col_offset, -end_of(item[0])))

    @property
    def _all(self) -> list[Scope]:
        unique = {id(place.scope): place.scope for place in self.places.values()}
        return [self.module, *unique.values()]

    def _add_all(self, nodes: list[ast.stmt], place: Place) -> None:
        self._waiting.extend((node, place) for node in reversed(nodes))

    def _branch(self, nodes: list[ast.stmt], place: Place, *, is_loop: bool = False) -> None:
        if nodes:
            self._blocks += 1
            number = -self._blocks if is_loop else self._blocks
            self._add_all(nodes, Place(place.scope, (*place.block, number)))

    def _visit(self, node: ast.AST, place: Place) -> None:
        visit = self._visits.get(type(node))
        if visit is None:
            self._go_on(node, place)
        else:
            visit(node, place)

    def _go_on(self, node: ast.AST, place: Place) -> None:
        self._waiting.extend((child, place) for child in children_of(node))

    def _if(self, node: ast.If, place: Place) -> None:
        self._waiting.append((node.test, place))
        if is_main(node.test):
            self._add_all(node.body, place)
        else:
            self._branch(node.body, place)
        self._branch(node.orelse, place)

    def _try(self, node: ast.Try | ast.TryStar, place: Place) -> None:
        self._add_all(node.body, place)
        for handler in node.handlers:
            if handler.name:
                self._bind(handler.name, handler, place)
            self._branch(handler.body, place)
        self._branch(node.orelse, place)
        self._add_all(node.finalbody, place)

    def _match(self, node: ast.Match, place: Place) -> None:
        self._waiting.append((node.subject, place))
        for case in node.cases:
            for part in ast.walk(case.pattern):
                for name in (getattr(part, "name", None), getattr(part, "rest", None)):
                    if isinstance(name, str):
                        self._bind(name, case.pattern, place)
            self._branch(case.body, place)

    def _with(self, node: ast.With | ast.AsyncWith, place: Place) -> None:
        for item in node.items:
            self._waiting.append((item.context_expr, place))
            if item.optional_vars is not None:
                self._target(item.optional_vars, item.context_expr, place, node)
        self._add_all(node.body, place)

    def _import(self, node: ast.Import, place: Place) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(name, node, place, qualified=alias.name if alias.asname else name)

    def _import_from(self, node: ast.ImportFrom, place: Place) -> None:
        base = "." * node.level + (node.module or "")
        joint = "" if not base or base.endswith(".") else "."
        for alias in node.names:
            qualified = f"{base}{joint}{alias.name}"
            self._bind(alias.asname or alias.name, node, place, qualified=qualified)

    def _assign(self, node: Any, place: Place) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets if node.value is not None else ():
            self._target(target, node.value, place, node)
        self._go_on(node, place)

    def _unset(self, node: ast.AugAssign | ast.Delete, place: Place) -> None:
        for target in node.targets if isinstance(node, ast.Delete) else [node.target]:
            self._target(target, None, place, node)
        self._go_on(node, place)

    def _foreign(self, node: ast.Global | ast.Nonlocal, place: Place) -> None:
        place.scope.foreign.update(node.names)

    def _call(self, node: ast.Call, place: Place) -> None:
        self.calls.append((node, place, self._given.get(id(node), "")))
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr=method) if method in _CHANGES:
                # The method changes the mapping or list that a name stands for.
                self._bind(name, node, place, is_changed=True)
            case _:
                pass
        self._go_on(node, place)

    def _return(self, node: ast.Return, place: Place) -> None:
        if node.value is not None:
            self.returns.setdefault(place.scope.name, []).append((node.value, place))
        self._go_on(node, place)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, place: Place) -> None:
        if isinstance(node, ast.While):
            self._waiting.append((node.test, place))
        else:
            self._waiting.append((node.iter, place))
            if isinstance(node.target, ast.Name):
                self._bind(node.target.id, node, place, each=node.iter)
            else:
                self._target(node.target, None, place, node)
        self._branch(node.body, place, is_loop=True)
        self._branch(node.orelse, place)

    def _definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda, place: Place
    ) -> None:
        if isinstance(node, ast.ClassDef):
            self._bind(node.name, node, place, qualified=f".{node.name}")
            inner = Place(Scope("class", place.scope, node.name), ())
            self.classes.setdefault(node.name, []).append(inner.scope)
            outside: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
        else:
            name = "" if isinstance(node, ast.Lambda) else node.name
            if name:
                self._bind(name, node, place, qualified=f".{name}")
            inner = Place(Scope("function", place.scope, name), ())
            self.functions.setdefault(name, []).append((node.args, inner))
            outside = [] if isinstance(node, ast.Lambda) else [*node.decorator_list]
            outside += self._parameters(node.args, inner, place, node)
        self._waiting.extend((item, place) for item in outside)
        self.places[id(node)] = inner
        if isinstance(node, ast.Lambda):
            self._waiting.append((node.body, inner))
        else:
            self._add_all(node.body, inner)

    def _parameters(
        self, given: ast.arguments, inner: Place, outer: Place, node: ast.AST
    ) -> list[ast.AST]:
        named = [*given.posonlyargs, *given.args]
        first = len(named) - len(given.defaults)
        pairs = [(arg, given.defaults[n - first] if n >= first else None)
                 for n, arg in enumerate(named)]  # fmt: skip
        pairs += list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
        for arg, default in pairs:
            if default is not None:
                self.places[id(default)] = outer
            known = {"value": default, "annotation": arg.annotation, "parameter": arg.arg}
            self._bind(arg.arg, node, inner, **known)
        for rest in (given.vararg, given.kwarg):
            if rest is not None:
                self._bind(rest.arg, node, inner)
        return [default for _, default in pairs if default is not None]

    def _comprehension(self, node: ast.AST, place: Place) -> None:
        # What a comprehension goes over, and so all it holds, happens any number of times.
        self._blocks += 1
        inner = Place(Scope("comprehension", place.scope), (*place.block, -self._blocks))
        for loop in node.generators:  # type: ignore[attr-defined]
            self._target(loop.target, None, inner, node)
        self.places[id(node)] = inner
        self._waiting.extend((child, inner) for child in ast.iter_child_nodes(node))

    def _target(
        self, target: ast.expr, value: ast.expr | None, place: Place, node: ast.AST
    ) -> None:
        match target:
            case ast.Name(id=name):
                self._bind(name, node, place, value=value)
                self._give(value, name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                is_plain = not any(isinstance(part, ast.Starred) for part in parts)
                for number, part in enumerate(parts):
                    if isinstance(part, ast.Name):
                        of = value if is_plain else None
                        self._bind(part.id, node, place, value=of, index=number)
                    else:
                        self._target(part, None, place, node)
            case ast.Starred(value=inner):
                self._target(inner, None, place, node)
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                self._bind(name, node, place, value=value, key=key, is_changed=True)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = place.scope.owner_class()
                if owner is not None:
                    bindings = owner.attributes.setdefault(name, [])
                    bindings.append((place.scope, self._binding(node, place, value=value)))
                    self._give(value, f"self.{name}")
            case _:
                pass

    def _give(self, value: ast.expr | None, name: str) -> None:
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call):
            self._given[id(value)] = name

    def _bind(self, name: str, node: ast.AST, place: Place, **known: object) -> None:
        scope = place.scope
        if isinstance(node, ast.NamedExpr):
            while scope.kind == "comprehension" and scope.parent is not None:
                scope = scope.parent
        if name in scope.foreign:
            scope, known = self.module, {}
        scope.bindings.setdefault(name, []).append(self._binding(node, place, **known))

    def _binding(self, node: ast.AST, place: Place, **known: object) -> Binding:
        value = known.get("value")
        if isinstance(value, ast.expr):
            self.places.setdefault(id(value), place)
        return Binding(at=held_from(node), block=place.block, **known)  # type: ignore[arg-type]
