"""One Python file read once: its calls, with qualified names and what their arguments are."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

import msgspec

from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.python.syntax import tree_of
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.bindings import Place
from mlsec.collect.python.call import Call, EachValue
from mlsec.collect.python.defaults import Defaults
from mlsec.collect.python.flow import calls_behind
from mlsec.collect.python.functions import Functions
from mlsec.collect.python.names import Namer
from mlsec.collect.python.scopes import Scopes
from mlsec.collect.python.values import Knows, Values
from mlsec.core.errors import LimitError, MlsecError

MOST_CHARS = 4_000_000
_MOST_ARGUMENTS = 1_000


class PythonModule:
    """A parsed file. ``line_of`` turns a line of the text into the one that reports show."""

    def __init__(
        self,
        text: str,
        line_of: Callable[[int], int] = lambda line: line,
        *,
        tree: ast.Module | None = None,
        knows: Knows = lambda _: None,
    ) -> None:
        """Parse a text, or take the tree of one; ``knows`` says what some calls give.

        Raises:
            LimitError: longer, or nested deeper, than is read.
            MlsecError: not Python of this version; ``location`` is its line.
        """
        self._tree = tree if tree is not None else parse(text)
        self._line_of = line_of
        self._scopes = Scopes(self._tree)
        functions = Functions(self._scopes)
        self._namer = Namer(functions)
        defaults = Defaults(self._scopes, self._namer)
        self._values = Values(self._namer, functions, defaults, self._read, line_of, knows)
        self._read_calls: dict[int, Call] = {}
        self._given = {id(node): given for node, _, given in self._scopes.calls}

    @property
    def is_cut(self) -> bool:
        """Whether the file holds more than is looked at."""
        return self._scopes.is_cut

    def calls(
        self,
        wanted: Callable[[str], bool] = lambda _: True,
        *,
        keywords: frozenset[str] = frozenset(),
    ) -> Iterator[Call]:
        """Give the calls whose qualified name is wanted, in the order in which they stand.

        Those that are given one of ``keywords`` are given whatever their name is. A call in a loop
        over a list that the file says is given once for each element.
        """
        for node, place, _ in self._scopes.calls:
            is_wanted = wanted(self._namer.name_of(node.func, place))
            if is_wanted or (keywords and any(part.arg in keywords for part in node.keywords)):
                yield from _rounds(self._read(node, place, 0))

    def calls_with_origins(
        self, wanted: Callable[[str], bool]
    ) -> Iterator[tuple[Call, frozenset[str]]]:
        """Give the wanted calls, each with those whose results its first argument is made of."""
        for node, place, _ in self._scopes.calls:
            if node.args and wanted(self._namer.name_of(node.func, place)):
                behind = calls_behind(node.args[0], place, self._namer, self._scopes.returns)
                yield self._read(node, place, 0), behind

    def _read(self, node: ast.Call, place: Place, depth: int) -> Call:
        known = self._read_calls.get(id(node))
        if known is not None:
            return known
        args, is_open = self._arguments(node, place, depth)
        kwargs, is_more = self._keywords(node, place, depth)
        on = None
        if isinstance(node.func, ast.Attribute):
            made = self._values.value(node.func.value, place, depth + 1).value
            on = getattr(made, "call", None)
        call = Call(
            name=self._namer.name_of(node.func, place),
            args=args,
            kwargs=kwargs,
            is_open=is_open or is_more,
            on=on,
            assigned=self._given.get(id(node), ""),
            function=place.scope.name if place.scope.kind == "function" else "",
            is_conditional=bool(place.block),
            line=self._line_of(node.lineno),
            column=node.col_offset + 1,
        )
        self._read_calls[id(node)] = call
        return call

    def _arguments(self, node: ast.Call, place: Place, depth: int) -> tuple[tuple[Node, ...], bool]:
        made: list[Node] = []
        for item in node.args[:_MOST_ARGUMENTS]:
            value = self._values.value(item, place, depth + 1)
            if not isinstance(item, ast.Starred):
                made.append(value)
            elif isinstance(value.value, tuple):
                made += value.value
            else:
                return tuple(made), True
        return tuple(made), len(node.args) > _MOST_ARGUMENTS

    def _keywords(
        self, node: ast.Call, place: Place, depth: int
    ) -> tuple[Mapping[str, Node], bool]:
        made: dict[str, Node] = {}
        is_open = len(node.keywords) > _MOST_ARGUMENTS
        for item in node.keywords[:_MOST_ARGUMENTS]:
            value = self._values.value(item.value, place, depth + 1)
            if item.arg is not None:
                made[item.arg] = Node(value.value, self._line_of(item.lineno), item.col_offset + 1)
            elif isinstance(value.value, Mapping):
                made |= value.value
            else:
                is_open = True
        return made, is_open


def _rounds(call: Call) -> Iterator[Call]:
    """Give a call once for each element that a loop hands it; as it is where none does."""
    given = (*call.args, *call.kwargs.values())
    looped = next((node.value for node in given if isinstance(node.value, EachValue)), None)
    if looped is None:
        yield call
        return
    for element in looped.elements:
        args = tuple(_in_round(node, looped, element) for node in call.args)
        kwargs = {key: _in_round(node, looped, element) for key, node in call.kwargs.items()}
        yield msgspec.structs.replace(call, args=args, kwargs=kwargs)


def _in_round(node: Node, looped: EachValue, element: Node) -> Node:
    return Node(element.value, node.line, node.column) if node.value is looped else node


def parse(text: str) -> ast.Module:
    """Parse Python source within bounds.

    Raises:
        LimitError: longer, or nested deeper, than is read.
        MlsecError: not Python of this version; ``location`` is its line.
    """
    if len(text) > MOST_CHARS:
        raise LimitError(f"Python of more than {MOST_CHARS:,} characters")
    try:
        return tree_of(text.removeprefix("\ufeff"))
    except OverLimitError as error:
        raise LimitError(error.message) from error
    except SyntaxError as error:
        where = str(error.lineno or 1)
        raise MlsecError(f"not Python: {error.msg}", location=where) from error


def is_known(node: Node | None) -> bool:
    """Whether an argument is given and its value is known."""
    return node is not None and not isinstance(node.value, UnknownValue)
