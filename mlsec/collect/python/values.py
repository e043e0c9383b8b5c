"""Values of Python expressions as far as their file says them; everything else is unknown."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue, over_limit
from mlsec.collect.python.bindings import Place
from mlsec.collect.python.call import Call, CallResult
from mlsec.collect.python.defaults import Defaults
from mlsec.collect.python.functions import Functions
from mlsec.collect.python.meanings import attributes_of, meanings_of
from mlsec.collect.python.meant import Meant
from mlsec.collect.python.names import MOST_DEPTH, Namer
from mlsec.collect.python.operators import added, binary, unary
from mlsec.collect.python.results import (
    ENVIRONMENT,
    PATH_METHODS,
    attribute_of,
    item_of,
    result_of,
)
from mlsec.collect.python.texts import parts_of_format, put_together, the_same

# Of one file: expressions that are worked out, and characters that are put together.
MOST_STEPS = 300_000
_MOST_CHARS = 1_000_000
_MOST_ENTRIES = 10_000

_ONLY_RUN = "only a run of the code gives it"

# What a call gives that those who read the file know better; None for every other.
Knows = Callable[[CallResult], Any]
CallReader = Callable[[ast.Call, Place, int], Call]


class Values:
    """Works out the expressions of one file, each once, within bounds."""

    def __init__(
        self,
        namer: Namer,
        functions: Functions,
        defaults: Defaults,
        read_call: CallReader,
        line_of: Callable[[int], int],
        knows: Knows = lambda _: None,
    ) -> None:
        self._knows = knows
        self._namer = namer
        self._functions = functions
        self._defaults = defaults
        self._read_call = read_call
        self._line_of = line_of
        self._steps = MOST_STEPS
        self._chars = _MOST_CHARS
        self._known: dict[int, Node] = {}
        self._open: set[int] = set()
        self._meant = Meant(self.value, namer, functions, line_of, self._spend)
        self._works: Mapping[type[ast.AST], Callable[[Any, Place, int], Any]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Dict: self._dict,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._list,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._operation,
            ast.UnaryOp: self._unary,
            ast.Subscript: self._item,
            ast.Call: self._call,
            ast.Await: self._inner,
            ast.NamedExpr: self._inner,
            ast.Starred: self._inner,
            ast.IfExp: self._choice,
            ast.BoolOp: self._either,
        }

    def value(self, node: ast.expr, place: Place, depth: int = 0) -> Node:
        """Give what an expression is, with the place it stands at."""
        known = self._known.get(id(node))
        if known is not None:
            return known
        self._steps -= 1
        if depth > MOST_DEPTH or self._steps < 0:
            return self._at(node, over_limit("it takes too many steps to work out"))
        if id(node) in self._open:
            return self._at(node, UnknownValue("it is made of itself"))
        self._open.add(id(node))
        made = self._worked_out(node, place, depth + 1)
        self._open.discard(id(node))
        if isinstance(made, CallResult):
            known_better = self._knows(made)
            made = made if known_better is None else known_better
        made = self._at(node, made)
        self._known[id(node)] = made
        return made

    def _at(self, node: ast.expr, value: Any) -> Node:
        return Node(value, self._line_of(node.lineno), node.col_offset + 1)

    def _spend(self, steps: int) -> None:
        self._steps -= steps

    def _worked_out(self, node: ast.expr, place: Place, depth: int) -> Any:
        work = self._works.get(type(node))
        return work(node, place, depth) if work else UnknownValue(_ONLY_RUN)

    def _constant(self, node: ast.Constant, _place: Place, _depth: int) -> Any:
        is_plain = node.value is None or isinstance(node.value, (bool, int, float, str))
        return node.value if is_plain else UnknownValue(_ONLY_RUN)

    def _joined(self, node: ast.JoinedStr, place: Place, depth: int) -> Any:
        return self._text([self._part(part, place, depth) for part in node.values])

    def _inner(self, node: Any, place: Place, depth: int) -> Any:
        return self.value(node.value, place, depth).value

    def _choice(self, node: ast.IfExp, place: Place, depth: int) -> Any:
        both = [self.value(part, place, depth) for part in (node.body, node.orelse)]
        return the_same(both, "which of two it is depends on the run")

    def _name(self, node: ast.Name, place: Place, depth: int) -> Any:
        meanings = meanings_of(node.id, place, (node.lineno, node.col_offset))
        if meanings is None and node.id == "__file__":
            return "./__file__"
        if meanings is None:
            return UnknownValue(f"{node.id} is not set in this file", f"‹{node.id}›")
        return self._meant.value(node.id, meanings, depth)

    def _attribute(self, node: ast.Attribute, place: Place, depth: int) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            meanings = attributes_of(node.attr, place)
            if meanings:
                return self._meant.value(f"{node.value.id}.{node.attr}", meanings, depth)
        of = self.value(node.value, place, depth).value
        if isinstance(of, CallResult):
            given = of.call.kwargs.get(node.attr) if not of.path else None
            if given is not None:
                return given.value
            made = [self.value(*part, depth) for part in self._defaults.of(of, node.attr)]
            default = the_same(made, "", "") if made else None
            if default is not None and not isinstance(default, UnknownValue):
                return default
        return attribute_of(of, node.attr, self._namer.name_of(node, place))

    def _dict(self, node: ast.Dict, place: Place, depth: int) -> Any:
        made: dict[str, Node] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if key_node is None:
                inner = self.value(value_node, place, depth).value
                if not isinstance(inner, Mapping):
                    return UnknownValue("only a run of the code gives its entries")
                made |= inner
                self._steps -= len(inner)
                continue
            key = self.value(key_node, place, depth).value
            if isinstance(key, UnknownValue):
                key = key.text or "‹a key›"
            if isinstance(key, (tuple, Mapping)) or len(made) > _MOST_ENTRIES:
                return UnknownValue("only a run of the code gives its entries")
            value = self.value(value_node, place, depth)
            made[str(key)] = Node(value.value, self._line_of(key_node.lineno),
                                  key_node.col_offset + 1)  # fmt: skip
        return made

    def _list(self, node: ast.List | ast.Tuple | ast.Set, place: Place, depth: int) -> Any:
        made: list[Node] = []
        for part in node.elts:
            value = self.value(part, place, depth)
            if not isinstance(part, ast.Starred):
                made.append(value)
            elif isinstance(value.value, tuple):
                made += value.value
                self._steps -= len(value.value)
            else:
                return UnknownValue("only a run of the code gives its elements")
            if len(made) > _MOST_ENTRIES:
                return over_limit("it has too many elements")
        return tuple(made)

    def _part(self, part: ast.expr, place: Place, depth: int) -> Any:
        if isinstance(part, ast.FormattedValue):
            value = self.value(part.value, place, depth).value
            is_plain = part.format_spec is None and part.conversion < 0
            if not is_plain and not isinstance(value, UnknownValue):
                return UnknownValue("its form is only known when the code runs", "‹…›")
            return value
        return (
            part.value if isinstance(part, ast.Constant) else self.value(part, place, depth).value
        )

    def _text(self, parts: list[Any], joint: str = "") -> Any:
        made = put_together(parts, joint)
        text = made.text if isinstance(made, UnknownValue) else made
        self._chars -= len(text)
        return made if self._chars >= 0 else over_limit("it takes too many steps to work out")

    def _operation(self, node: ast.BinOp, place: Place, depth: int) -> Any:
        if isinstance(node.op, ast.Add):
            return self._sum(node, place, depth)
        left = self.value(node.left, place, depth).value
        return binary(node.op, left, self.value(node.right, place, depth).value)

    def _sum(self, node: ast.expr, place: Place, depth: int) -> Any:
        """Add up a sum of any length without recursion."""
        parts: list[ast.expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts.append(node.right)
            node = node.left
        values = [self.value(part, place, depth).value for part in (node, *reversed(parts))]
        if any(isinstance(value, str) for value in values):
            return self._text(values)
        return added(values)

    def _unary(self, node: ast.UnaryOp, place: Place, depth: int) -> Any:
        return unary(node.op, self.value(node.operand, place, depth).value)

    def _item(self, node: ast.Subscript, place: Place, depth: int) -> Any:
        container = self.value(node.value, place, depth)
        key = self.value(node.slice, place, depth).value
        if self._namer.name_of(node.value, place) == "os.environ":
            return UnknownValue(f"the environment sets {key}", f"‹{key}›")
        return item_of(container, key, is_part=isinstance(node.slice, ast.Slice))

    def _either(self, node: ast.BoolOp, place: Place, depth: int) -> Any:
        """Give ``x or y``: y where x is a variable of the environment, else only what x says."""
        parts = node.values
        if isinstance(node.op, ast.And):
            return UnknownValue(_ONLY_RUN)
        first = self.value(parts[0], place, depth).value
        if not isinstance(first, UnknownValue):
            return first or self.value(parts[-1], place, depth).value
        is_environment = self._namer.name_of(parts[0], place).removesuffix("()") in ENVIRONMENT
        if is_environment and len(parts) == 2:
            return self.value(parts[1], place, depth).value
        both = [self.value(part, place, depth) for part in parts]
        return the_same(both, "which of several it is depends on the run")

    def _call(self, node: ast.Call, place: Place, depth: int) -> Any:
        name = self._namer.name_of(node.func, place)
        call = self._read_call(node, place, depth)
        if name.endswith(".format") and isinstance(node.func, ast.Attribute):
            parts = parts_of_format(self.value(node.func.value, place, depth).value, call)
            return self._text(parts) if parts is not None else UnknownValue(_ONLY_RUN)
        if isinstance(node.func, ast.Attribute) and node.func.attr in PATH_METHODS:
            path = self.value(node.func.value, place, depth).value
            if isinstance(path, str) and not name.startswith("."):
                return self._text([path, *(item.value for item in call.args)], "/")
        returned = self._functions.returned(name)
        if returned:
            why = f"{name.lstrip('.')} returns it in more than one way"
            made = the_same([self.value(*part, depth) for part in returned], why)
            if not (type(made) is UnknownValue and not made.text):
                return made
        return result_of(name, call, self._text)
