"""Where generated code reads and what it can prove there: a document, or an element of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mlsec.engine.compiler.clause_code import NO, YES, Constants, prove_clause
from mlsec.engine.evaluation.deciding_clauses import Deciding
from mlsec.engine.evaluation.property_reader import TEXT_ITEMS
from mlsec.engine.model.property_resolution import Reading, find_in
from mlsec.engine.model.rule import AllOf, AnyOf, Compare, Condition, Not, Quantifier, Quantity
from mlsec.vocabulary.types import Kind

_CALL = re.compile(r"\b(type|len|all_text|moment_of|compare|R\d+|startswith|endswith)\(")
_COSTS = {"type": 2, "len": 2, "all_text": 4, "moment_of": 12, "compare": 24}
Resolve = Callable[[str], Reading | None]


class Names:
    """Makes variable names that are unique in one text, and keeps the objects they stand for."""

    def __init__(self) -> None:
        self.count = 0
        self.constants = Constants()
        self.maps: list[dict[str, object]] = []

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"


class Loop:
    """One loop over a list: flags that start true and fall, and flags that start false and rise."""

    def __init__(self, scope: Scope, *, is_text: bool) -> None:
        self.scope = scope
        self.is_text = is_text
        self.falling: dict[str, str] = {}
        self.rising: dict[str, str] = {}

    def flag(self, test: str, *, is_all: bool) -> str:
        """The name of "every element passes the test" or "some element passes it"."""
        flags = self.falling if is_all else self.rising
        if test not in flags:
            flags[test] = self.scope.names.fresh("f")
        return flags[test]


class Scope:
    """Where paths are read: ``getter`` is a dict's get; without one the ``element`` itself is the
    value (a text).
    """

    def __init__(
        self, names: Names, resolve: Resolve, *, getter: str = "", element: str = ""
    ) -> None:
        self.names = names
        self.resolve = resolve
        self.getter = getter
        self.element = element
        self.known: dict[str, tuple[str, Reading]] = {}
        self.reads: dict[str, str] = {}
        self.loops: dict[str, Loop] = {}

    def read(self, path: str) -> tuple[str, Reading | None]:
        """The variable that holds the value of a path; None with it when nothing can be read."""
        if path in self.known:
            return self.known[path]
        reading = self.resolve(path)
        if reading is None:
            return "M", None
        if not self.getter:
            self.known[path] = (self.element, reading)
            return self.known[path]
        source = f"{self.getter}({reading.own.name!r}, M)"
        if reading.key:
            source = f"map_value({source}, {reading.key!r})"
        if reading.values:
            self.names.maps.append(dict(reading.values))
            source = f"translated({source}, V{len(self.names.maps) - 1})"
        # A property may be asked for by its own name and by that of a concept: it is read once.
        if source not in self.reads:
            self.reads[source] = self.names.fresh("v")
        self.known[path] = (self.reads[source], reading)
        return self.known[path]

    def prove(self, condition: Condition | None, *, want: bool) -> str:
        """An expression that is true only if the condition is known to be ``want``."""
        match condition:
            case None:
                return YES if want else NO
            case Compare():
                name, reading = self.read(condition.path)
                if reading is None:
                    return NO
                return prove_clause(
                    name,
                    reading.kind,
                    condition.operator,
                    condition.expected,
                    self.names.constants,
                    want=want,
                )
            case AllOf(parts=parts):
                join = join_and if want else join_or
                return join(self.prove(part, want=want) for part in parts)
            case AnyOf(parts=parts):
                join = join_or if want else join_and
                return join(self.prove(part, want=want) for part in parts)
            case Not(part=part):
                return self.prove(part, want=not want)
            case Quantifier():
                return NO if condition.is_relation else self._quantify(condition, want=want)

    def _quantify(self, condition: Quantifier, *, want: bool) -> str:
        name, reading = self.read(condition.path)
        if reading is None or reading.kind not in (Kind.LIST, Kind.STRINGS):
            return NO
        if name not in self.loops:
            self.loops[name] = self.new_loop(reading)
        loop = self.loops[name]
        is_all = want is (condition.quantity is not Quantity.SOME)
        return loop.flag(element_test(loop.scope, condition, want=want), is_all=is_all)

    def new_loop(self, reading: Reading) -> Loop:
        """A loop over the elements of a list that is read here."""
        items = reading.own.items or TEXT_ITEMS
        is_text = not reading.own.items
        element = self.names.fresh("x")
        getter = "" if is_text else self.names.fresh("g")
        inner = Scope(self.names, lambda path: find_in(items, path), getter=getter, element=element)
        return Loop(inner, is_text=is_text)

    def settled(self, deciding: Iterable[Deciding]) -> tuple[str, str]:
        """An expression that is true only if it is known which clauses decided, and the tuple of
        their values with M for those that did not.
        """
        tests, slots = [], []
        for item in deciding:
            name, reading = self.read(item.clause.path)
            if reading is None or reading.values:
                return NO, ""
            if item.guards:
                tests.append(join_or(self.prove(item.clause, want=want) for want in (True, False)))
                shown = join_and(self.prove(part, want=want) for part, want in item.guards)
                name = f"{name} if {shown} else M"
            slots.append(f"{name}, ")
        return join_and(tests), f"({''.join(slots)})"

    def lines(self, indent: int) -> list[str]:
        """The reads and the loops, ready for the expressions that name them."""
        lines = self.read_lines(indent)
        for name, loop in self.loops.items():
            lines += _loop_lines(name, loop, indent)
        return lines

    def read_lines(self, indent: int) -> list[str]:
        """The assignments of what is read here."""
        pad = "    " * indent
        return [f"{pad}{name} = {source}" for source, name in self.reads.items()]


def element_test(inner: Scope, condition: Quantifier, *, want: bool) -> str:
    """What each element must (or one element can) pass for the quantifier to be ``want``."""
    where, that = condition.where, condition.that
    if condition.quantity is Quantity.EACH:
        if want:
            return join_or((inner.prove(where, want=False), inner.prove(that, want=True)))
        return join_and((inner.prove(where, want=True), inner.prove(that, want=False)))
    if want is (condition.quantity is Quantity.NONE):
        return join_or((inner.prove(where, want=False), inner.prove(that, want=False)))
    return join_and((inner.prove(where, want=True), inner.prove(that, want=True)))


def guard_lines(loop: Loop, indent: int, *wrong: str) -> list[str]:
    """The lines that turn away an element of the wrong type and open the right one."""
    scope = loop.scope
    pad = "    " * indent
    lines = [f"{pad}if type({scope.element}) is not {'str' if loop.is_text else 'dict'}:"]
    lines += [f"{pad}    {line}" for line in wrong]
    return lines if loop.is_text else [*lines, f"{pad}{scope.getter} = {scope.element}.get"]


def _loop_lines(name: str, loop: Loop, indent: int) -> list[str]:
    pad, inner = "    " * indent, "    " * (indent + 2)
    falling, rising = list(loop.falling.values()), list(loop.rising.values())
    fallen = f"{' = '.join(falling)} = False"
    lines = [f"{pad}{' = '.join([*falling, *rising])} = False"]
    lines.append(f"{pad}if type({name}) is list:")
    if falling:
        lines.append(f"{pad}    {' = '.join(falling)} = True")
    lines.append(f"{pad}    for {loop.scope.element} in {name}:")
    lines += guard_lines(loop, indent + 2, *([fallen] if falling else []), "continue")
    lines += loop.scope.lines(indent + 2)
    lines += [f"{inner}if not ({test}): {flag} = False" for test, flag in loop.falling.items()]
    lines += [f"{inner}if {test}: {flag} = True" for test, flag in loop.rising.items()]
    if falling:
        lines += [f"{pad}elif {name} is None:", f"{pad}    {' = '.join(falling)} = True"]
    return lines


def join_and(parts: Iterable[str]) -> str:
    """All of the expressions."""
    return _join(parts, "and", absorbing=NO, neutral=YES)


def join_or(parts: Iterable[str]) -> str:
    """Any of the expressions."""
    return _join(parts, "or", absorbing=YES, neutral=NO)


def _join(parts: Iterable[str], word: str, *, absorbing: str, neutral: str) -> str:
    kept = [part for part in dict.fromkeys(parts) if part != neutral]
    if absorbing in kept:
        return absorbing
    if len(kept) == 1:
        return kept[0]
    # Tests have no effects, so that the cheap ones may go first and spare the others.
    kept.sort(key=_cost)
    return f" {word} ".join(f"({part})" for part in kept) if kept else neutral


def _cost(test: str) -> int:
    return sum(_COSTS.get(called, 8) for called in _CALL.findall(test))
