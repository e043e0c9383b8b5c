"""Python as the small tree: parsed by ``ast``, nothing of it is run or imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable

from mlsec.iac.cdk.syntax.building import MAX_BYTES, MAX_DEPTH, Function, Given
from mlsec.iac.cdk.syntax.python_expressions import Expressions
from mlsec.iac.cdk.syntax.tree import (
    Entries,
    Expr,
    Index,
    Literal,
    Name,
    Scope,
    Sequence,
    Source,
    Unread,
    Within,
)
from mlsec.iac.cdk.syntax.turns import turns_over

_DOUBTFUL = (ast.If, ast.While, ast.Try, ast.Match, ast.AsyncFor)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LIBRARY = "aws_cdk"


def parse(text: str, is_used: Callable[[str], bool] = lambda _: True) -> Source:
    """Parse a file; one that Python itself would not read is a mistake as a whole.

    ``is_used`` says whether another file may call a function of that name.
    """
    if len(text) > MAX_BYTES:
        return Source(mistakes=[(1, f"larger than {MAX_BYTES >> 20} MiB")], is_over_limit=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        return Source(mistakes=[(line or 1, "it is not Python that can be parsed")])
    reader = _Reader()
    reader.block(root.body, reader.file, 0, "")
    reader.finish(text, is_used)
    return reader.source


class _Reader(Expressions):
    def block(self, body: list[ast.stmt], scope: Scope, depth: int, doubt: str) -> None:
        """Read statements."""
        for node in body:
            if isinstance(node, _FUNCTIONS):
                self._note_function(node, scope, depth, doubt)
        for node in body:
            if depth > MAX_DEPTH:
                self.too_deep(node.lineno)
                return
            self._statement(node, scope, depth, doubt)

    def _statement(self, node: ast.stmt, scope: Scope, depth: int, doubt: str) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.ClassDef():
                scope.set(node.name, Unread("a class"))
                self.block(node.body, self.object(scope, node.name), depth + 1, "")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if id(node) not in self.noted:
                    self.body(self._function(node, scope, depth, doubt), None, doubt)
            case ast.For():
                self._loop(node, scope, depth, doubt)
            case ast.Assign(value=value) | ast.AnnAssign(value=value) if value is not None:
                made = self.expr(value, scope, depth + 1, doubt)
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    self._set(target, made, scope, depth, doubt)
            case ast.AugAssign(target=target, value=value):
                self.expr(value, scope, depth + 1, doubt)
                self._set(target, Unread("it is added to", node.lineno), scope, depth, doubt)
            case ast.Return(value=value) if value is not None:
                made = self.expr(value, scope, depth + 1, doubt)
                self.source.returned.append((made, scope))
            case _ if isinstance(node, _DOUBTFUL):
                self.parts(node, scope, depth, f"line {node.lineno}")
            case _:
                self.parts(node, scope, depth, doubt)

    def parts(self, node: ast.AST, scope: Scope, depth: int, doubt: str) -> tuple[Expr, ...]:
        """Read all that stands in something, however it is built; give its expressions."""
        made: list[Expr] = []
        if isinstance(node, ast.AsyncFor):
            self._set(node.target, Unread("it changes from turn to turn"), scope, depth, doubt)
        for item in ast.iter_child_nodes(node):
            if isinstance(item, ast.stmt):
                self.block([item], scope, depth + 1, doubt)
            elif isinstance(item, ast.expr):
                made.append(self.expr(item, scope, depth + 1, doubt))
            elif isinstance(item, ast.withitem | ast.ExceptHandler | ast.match_case):
                self.parts(item, scope, depth + 1, doubt)
                if isinstance(item, ast.withitem) and item.optional_vars is not None:
                    target = item.optional_vars
                    self._set(target, Unread("it is opened here"), scope, depth, doubt)
        return tuple(made)

    def _loop(self, node: ast.For, scope: Scope, depth: int, doubt: str) -> None:
        """Read a loop: each turn by itself where what it is about is written out."""
        over = self.expr(node.iter, scope, depth + 1, doubt)
        turns = turns_over(over, scope)
        here = f"line {node.lineno}"
        if turns is None or not self.may_repeat(node.body, len(turns)):
            changing = Unread("it changes from turn to turn", parts=(over,))
            self._set(node.target, changing, scope, depth, here)
            self.block([*node.body, *node.orelse], scope, depth + 1, here)
            return
        inner_doubt = here if any(_leaves(item) for item in node.body) else doubt
        changed: set[str] = set()
        for turn in turns:
            inner = Scope(above=scope, owner=scope.owner)
            self.bind(node.target, turn, inner, scope)
            self.block(node.body, inner, depth + 1, inner_doubt)
            changed |= inner.names.keys()
        for name in sorted(changed):
            scope.set(name, Unread("it changes from turn to turn"))
        self.block(node.orelse, scope, depth + 1, doubt)

    def _note_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, depth: int, doubt: str
    ) -> None:
        """Note a function, before what calls it is read, unless something is done to it."""
        done = [item for item in node.decorator_list if ast.unparse(item) != "staticmethod"]
        if not done and not (node.name.startswith("__") and node.name.endswith("__")):
            self.wait(self._function(node, scope, depth, doubt))

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, depth: int, doubt: str
    ) -> Function:
        is_offered = scope is self.file and not node.name.startswith("_")
        return Function(
            node=node, key=id(node), name=node.name, written=scope, depth=depth, doubt=doubt,
            is_offered=is_offered,
        )  # fmt: skip

    def body(self, function: Function, given: Given | None, doubt: str) -> Expr | None:
        """Read a function; without ``given`` its arguments are not known.

        Returns what it gives in any case, None where that is not one expression.
        """
        node, depth = function.node, function.depth
        inner = self.method(function.written, node.name)
        self._take_arguments(node, inner, given, depth)
        before = len(self.source.returned)
        self.block(node.body, inner, depth + 1, doubt)
        gives = [made for made, scope in self.source.returned[before:] if scope is inner]
        ends = isinstance(node.body[-1], ast.Return)
        return Within(gives[0], inner, node.lineno) if len(gives) == 1 and ends else None

    def _take_arguments(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, inner: Scope, given: Given | None,
        depth: int,
    ) -> None:  # fmt: skip
        arguments = node.args
        by_place = [*arguments.posonlyargs, *arguments.args]
        if by_place and by_place[0].arg in ("self", "cls"):
            by_place = by_place[1:]
        defaults: dict[str, ast.expr | None] = dict(
            zip(
                [item.arg for item in reversed(by_place)],
                reversed(arguments.defaults),
                strict=False,
            )
        )
        defaults |= {
            item.arg: default
            for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        }
        every = [*by_place, *arguments.kwonlyargs]
        self._take_the_rest(node, inner, given, {item.arg for item in every}, len(by_place))
        for at, item in enumerate(every):
            written = defaults.get(item.arg)
            if given is not None and at < min(len(given.arguments), len(by_place)):
                inner.set(item.arg, given.arguments[at], given.scope)
            elif given is not None and item.arg in given.keywords:
                inner.set(item.arg, given.keywords[item.arg], given.scope)
            elif given is not None and written is not None:
                inner.set(item.arg, self.expr(written, inner, depth + 1, ""), inner)
            else:
                inner.set(item.arg, Unread(f"{item.arg} is given by the caller"))

    def _take_the_rest(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, inner: Scope, given: Given | None,
        named: set[str], most: int,
    ) -> None:  # fmt: skip
        """Set ``*args`` and ``**kwargs`` to what no other argument takes."""
        left: dict[ast.arg | None, Expr] = {}
        if given is not None:
            rest = [(key, value) for key, value in given.keywords.items() if key not in named]
            left[node.args.vararg] = Sequence(given.arguments[most:])
            left[node.args.kwarg] = Entries(tuple((Literal(key), value) for key, value in rest))
        for item in filter(None, (node.args.vararg, node.args.kwarg)):
            unknown = Unread(f"{item.arg} is given by the caller")
            where = given.scope if given is not None else inner
            inner.set(item.arg, left.get(item, unknown), where)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            self._from("." * node.level + (node.module or ""), node.names)
            return
        for item in node.names:
            name = item.asname or item.name.partition(".")[0]
            whole = item.name if item.asname else item.name.partition(".")[0]
            self.source.imports[name] = _module(whole)

    def _from(self, module: str, names: list[ast.alias]) -> None:
        path = _module(module)
        for item in names:
            whole = (
                _module(f"{module}.{item.name}") if module == _LIBRARY else f"{path}.{item.name}"
            )
            if module == _LIBRARY and not item.name.startswith("aws_"):
                whole = "core" if item.name == "core" else f"core.{item.name}"
            self.source.imports[item.asname or item.name] = whole
        if module == _LIBRARY and any(item.name == "core" for item in names):
            self.source.imports["@aws-cdk/core"] = "v1"

    def _set(self, target: ast.expr, value: Expr, scope: Scope, depth: int, doubt: str) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for at, item in enumerate(target.elts):
                part: Expr = Unread("it is taken out of something", parts=(value,))
                if isinstance(value, Sequence):
                    part = Index(value, Literal(at), value.line, value.column)
                self._set(item, part, scope, depth + 1, doubt)
            return
        where = self.expr(target, scope, depth + 1, doubt)
        if isinstance(where, Name) and not doubt:
            scope.set(where.name, value)
        else:
            self.assign(where, value, scope, doubt)


def _leaves(node: ast.stmt | ast.ExceptHandler) -> bool:
    """Whether a part of a loop ends a turn before its end."""
    if isinstance(node, ast.Break | ast.Continue | ast.Return):
        return True
    inner = () if isinstance(node, _FUNCTIONS) else ast.iter_child_nodes(node)
    return any(_leaves(item) for item in inner if isinstance(item, ast.stmt | ast.ExceptHandler))


def _module(written: str) -> str:
    if written == _LIBRARY:
        return "core"
    if written.startswith(f"{_LIBRARY}."):
        return written.removeprefix(f"{_LIBRARY}.")
    return written
