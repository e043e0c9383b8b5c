"""Folds the expressions of a template: every constant text an expression can become."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import nodes

MOST_VALUES = 64
MOST_LENGTH = 20_000
DEEP = 24
STEPS = 50_000
# A number of four digits behind a per cent sign, or behind a brace and a colon. Each piece is read
# once: of braces that nothing closes only the first begins one.
_WIDE = re.compile(
    r"%(?:[^a-zA-Z%\d]++|\d{1,3}(?!\d)|(?!))*+\d{4}"
    r"|(?:\A|\})[^{}]*+\{[^}:]*+:(?:[^}\d]++|\d{1,3}(?!\d)|(?!))*+\d{4}"
)
_REACHING_FIELD = re.compile(r"\{[^{}.\[]*+[.\[][^{}]*+\}")

Constants = tuple[Any, ...]
NOTHING: Constants = ()

# Text methods and filters that may be carried out on constants, by name.
_TEXT: Mapping[str, Callable[[str], Any]] = {
    "lower": str.lower,
    "upper": str.upper,
    "capitalize": str.capitalize,
    "title": str.title,
    "swapcase": str.swapcase,
    "trim": str.strip,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "casefold": str.casefold,
    "string": str,
    "safe": str,
    "escape": str,
    "e": str,
    "split": str.split,
    "length": len,
    "int": lambda text: int(text) if text.isdecimal() and len(text) < 9 else 0,
}
_SEQUENCE: Mapping[str, Callable[[list[Any]], Any]] = {
    "reverse": lambda items: items[::-1],
    "list": list,
    "first": lambda items: items[0],
    "last": lambda items: items[-1],
    "sort": lambda items: sorted(items, key=str),
    "unique": lambda items: list(dict.fromkeys(items)),
}


class Folder:
    """Finds what expressions can become, from the assignments of the whole template.

    Assignments are taken together, without their order: a name can be any of its values.
    """

    def __init__(self, names: Mapping[str, list[nodes.Node]]) -> None:
        from jinja2 import nodes as kinds  # noqa: PLC0415

        self.names = names
        self.steps = 0
        self.is_cut = False  # more could be made of it than was worked out
        self.folds: Mapping[type, Callable[[Any, int], Iterable[Any]]] = {
            kinds.Const: lambda node, _: [node.value],
            kinds.TemplateData: lambda node, _: [node.data],
            kinds.Name: lambda node, deep: self._name(node.name, deep),
            kinds.Output: lambda node, deep: self._joined(node.nodes, deep),
            kinds.Concat: lambda node, deep: self._joined(node.nodes, deep),
            kinds.Add: self._add,
            kinds.Sub: lambda node, deep: (a - b for a, b in self._pairs(node, deep)),
            kinds.Neg: lambda node, deep: (-value for value in self.values(node.node, deep)),
            kinds.Pow: self._pow,
            kinds.Mul: self._mul,
            kinds.Mod: self._mod,
            kinds.Getitem: self._item,
            kinds.Getattr: self._attribute,
            kinds.Call: self._call,
            kinds.Filter: self._filter,
            kinds.FilterBlock: lambda node, deep: self._joined(node.body, deep),
            kinds.List: lambda node, deep: self._list(node.items, deep),
            kinds.Tuple: lambda node, deep: self._list(node.items, deep),
            kinds.Dict: self._dict,
            kinds.CondExpr: lambda node, deep: self._either(node.expr1, node.expr2, deep),
            kinds.Or: lambda node, deep: self._either(node.left, node.right, deep),
            kinds.And: lambda node, deep: self._either(node.left, node.right, deep),
            kinds.AssignBlock: lambda node, deep: self._joined(node.body, deep),
            kinds.Macro: lambda node, deep: self._joined(node.body, deep),
            kinds.For: self._each,
        }

    def values(self, node: nodes.Node | None, deep: int = 0) -> Constants:
        """The constants that an expression can become; none where it depends on data."""
        self.steps += 1
        fold = self.folds.get(type(node))
        if node is None or fold is None or deep > DEEP:
            return NOTHING
        if self.steps > STEPS:
            self.is_cut = True
            return NOTHING
        try:
            result = itertools.islice(fold(node, deep + 1), MOST_VALUES)
            return tuple(value for value in result if _is_small(value))
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            return NOTHING

    def texts(self, node: nodes.Node | None) -> tuple[str, ...]:
        """Those constants that are texts."""
        return tuple(value for value in self.values(node) if isinstance(value, str))

    def _name(self, name: str, deep: int) -> Iterator[Any]:
        set_to = self.names.get(name, ())
        self.is_cut = self.is_cut or len(set_to) > MOST_VALUES
        for node in set_to:
            yield from self.values(node, deep)

    def _joined(self, parts: list[nodes.Node], deep: int) -> Iterator[str]:
        choices = [self.values(part, deep) for part in parts]
        for chosen in itertools.islice(itertools.product(*choices), MOST_VALUES):
            yield "".join(str(value) for value in chosen)

    def _pairs(self, node: Any, deep: int) -> Iterator[tuple[Any, Any]]:
        left, right = self.values(node.left, deep), self.values(node.right, deep)
        return itertools.islice(itertools.product(left, right), MOST_VALUES)

    def _add(self, node: nodes.Add, deep: int) -> Iterator[Any]:
        return (left + right for left, right in self._pairs(node, deep))

    def _mul(self, node: nodes.Mul, deep: int) -> Iterator[Any]:
        for left, right in self._pairs(node, deep):
            if all(isinstance(side, int) and abs(side) < 1 << 62 for side in (left, right)) or (
                _size(left) * _size(right) <= MOST_LENGTH
            ):
                yield left * right

    def _pow(self, node: nodes.Pow, deep: int) -> Iterator[Any]:
        for left, right in self._pairs(node, deep):
            if abs(left) <= 1_000_000 and 0 <= right <= 64:
                yield left**right

    def _mod(self, node: nodes.Mod, deep: int) -> Iterator[Any]:
        for left, right in self._pairs(node, deep):
            if not isinstance(left, str):
                yield left % right
            elif not _WIDE.search(left) and not _is_vast(right):
                yield left % (tuple(right) if isinstance(right, list) else right)

    def _either(self, first: Any, second: Any, deep: int) -> Iterator[Any]:
        yield from self.values(first, deep)
        yield from self.values(second, deep)

    def _list(self, items: list[nodes.Node], deep: int) -> Iterator[list[Any]]:
        choices = [self.values(item, deep) for item in items]
        if all(len(choice) == 1 for choice in choices):
            yield [choice[0] for choice in choices]

    def _dict(self, node: nodes.Dict, deep: int) -> Iterator[dict[Any, Any]]:
        pairs = [
            (self.values(pair.key, deep), self.values(pair.value, deep)) for pair in node.items
        ]
        if all(key for key, _ in pairs):
            yield {key[0]: value[0] if value else None for key, value in pairs}

    def _each(self, node: nodes.For, deep: int) -> Iterator[Any]:
        for value in self.values(node.iter, deep):
            yield from value

    def _attribute(self, node: nodes.Getattr, deep: int) -> Iterator[Any]:
        inner = getattr(node.node, "name", None)
        if isinstance(inner, str):
            yield from self._name(f"{inner}.{node.attr}", deep)
        for value in self.values(node.node, deep):
            if isinstance(value, dict) and node.attr in value:
                yield value[node.attr]

    def _item(self, node: nodes.Getitem, deep: int) -> Iterator[Any]:
        for value in self.values(node.node, deep):
            if type(node.arg).__name__ == "Slice":
                yield value[self._slice(node.arg, deep)]
            else:
                for key in self.values(node.arg, deep):
                    yield value[key]

    def _slice(self, node: Any, deep: int) -> slice:
        ends = []
        for end in (node.start, node.stop, node.step):
            known = self.values(end, deep)
            if end is not None and not known:
                raise ValueError("a slice that depends on data")
            ends.append(known[0] if known else None)
        return slice(*ends)

    def _call(self, node: nodes.Call, deep: int) -> Iterator[Any]:
        target: Any = node.node
        name = getattr(target, "name", None)
        if name in {"dict", "namespace"}:
            yield {
                pair.key: next(iter(self.values(pair.value, deep)), None) for pair in node.kwargs
            }
        elif isinstance(name, str):
            yield from self._name(name, deep)
        elif hasattr(target, "attr"):
            arguments = [self.values(argument, deep) for argument in node.args]
            for base in self.values(target.node, deep):
                for chosen in itertools.islice(itertools.product(*arguments), MOST_VALUES):
                    yield _carried_out(target.attr, base, chosen)

    def _filter(self, node: nodes.Filter, deep: int) -> Iterator[Any]:
        arguments = [self.values(argument, deep) for argument in node.args]
        arguments += [self.values(pair.value, deep) for pair in node.kwargs]
        for base in self.values(node.node, deep):
            for chosen in itertools.islice(itertools.product(*arguments), MOST_VALUES):
                if node.name == "random":
                    yield from base
                elif node.name == "join":
                    yield str(chosen[0] if chosen else "").join(str(item) for item in base)
                elif node.name == "format":
                    if not _WIDE.search(base) and not any(map(_is_vast, chosen)):
                        yield base % chosen
                elif node.name in {"default", "d"}:
                    yield base
                else:
                    yield _carried_out(node.name, base, chosen)


def _carried_out(name: str, base: Any, arguments: tuple[Any, ...]) -> Any:
    """What a method or filter makes of a constant.

    Raises:
        ValueError: it is not one of those that are carried out here.
    """
    if name == "join" and isinstance(base, str):
        return base.join(str(item) for item in arguments[0])
    if name == "replace" and isinstance(base, str) and len(arguments) >= 2:
        if _size(base) * max(1, len(str(arguments[1]))) <= MOST_LENGTH:
            return base.replace(str(arguments[0]), str(arguments[1]))
    elif name == "format" and isinstance(base, str):
        refused = _REACHING_FIELD.search(base) or _WIDE.search(base)
        if not refused and not any(map(_is_vast, arguments)):
            return base.format(*arguments)
    elif name in {"keys", "values", "items", "list"} and isinstance(base, dict):
        return list(base) if name == "list" else [*getattr(base, name)()]
    elif name == "get" and isinstance(base, dict):
        return base[arguments[0]]
    elif name == "pop" and isinstance(base, list):
        return base[arguments[0] if arguments else -1]
    elif name == "reverse" and isinstance(base, str):
        return base[::-1]
    elif name in _TEXT and isinstance(base, str):
        return _TEXT[name](base, *arguments) if name in _WITH_ARGUMENTS else _TEXT[name](base)
    elif name in _SEQUENCE and isinstance(base, str | list | dict):
        return _SEQUENCE[name](list(base))
    raise ValueError(f"{name} is not carried out")


_WITH_ARGUMENTS = frozenset({"strip", "lstrip", "rstrip", "split"})


def _size(value: Any) -> int:
    return abs(value) if isinstance(value, int) else len(value)


def _is_vast(value: Any) -> bool:
    """Whether a number, or one in a list, would make a text too wide if it were its width."""
    if isinstance(value, list):
        return any(map(_is_vast, value))
    return isinstance(value, int) and abs(value) > 0x11_0000


def _is_small(value: Any) -> bool:
    return not isinstance(value, str | list | dict) or len(value) <= MOST_LENGTH


def reaches_attribute(text: str) -> bool:
    """Whether a format text asks for an attribute or item of what it is given."""
    return bool(_REACHING_FIELD.search(text))


def is_wide(text: str) -> bool:
    """Whether a format text asks for a width that fills memory."""
    return bool(_WIDE.search(text))
