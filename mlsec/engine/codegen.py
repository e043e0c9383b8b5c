"""Generate the fast function of one type: shared reads once, one loop per list for all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mlsec.core.vocabulary import Kind, Type, Vocabulary
from mlsec.engine.clause_code import NO, YES, Constants, prove_clause
from mlsec.engine.readings import Reading, find_in, find_reading
from mlsec.engine.rule import AllOf, AnyOf, Compare, Condition, Not, Quantifier, Quantity, Rule
from mlsec.engine.views import TEXT_ITEMS

Resolve = Callable[[str], Reading | None]


class _Names:
    """Makes variable names that are unique in one function."""

    def __init__(self) -> None:
        self.count = 0
        self.constants = Constants()
        self.maps: list[dict[str, object]] = []

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"


class _Loop:
    """One loop over a list: flags that start true and fall, and flags that start false and rise."""

    def __init__(self, scope: _Scope, *, is_text: bool) -> None:
        self.scope = scope
        self.is_text = is_text
        self.falling: dict[str, str] = {}
        self.rising: dict[str, str] = {}
        self.suspects: dict[str, str] = {}

    def flag(self, test: str, *, is_all: bool) -> str:
        """The name of "every element passes the test" or "some element passes it"."""
        flags = self.falling if is_all else self.rising
        if test not in flags:
            flags[test] = self.scope.names.fresh("f")
        return flags[test]


class _Scope:
    """Where paths are read: the document, or one element of a list."""

    def __init__(self, names: _Names, getter: str, element: str, resolve: Resolve) -> None:
        self.names = names
        self.getter = getter
        self.element = element
        self.resolve = resolve
        self.known: dict[str, tuple[str, Reading]] = {}
        self.reads: dict[str, str] = {}
        self.loops: dict[str, _Loop] = {}

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
        self.known[path] = (self.names.fresh("v"), reading)
        self.reads[source] = self.known[path][0]
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
                join = _and if want else _or
                return join(self.prove(part, want=want) for part in parts)
            case AnyOf(parts=parts):
                join = _or if want else _and
                return join(self.prove(part, want=want) for part in parts)
            case Not(part=part):
                return self.prove(part, want=not want)
            case Quantifier():
                return NO if condition.is_relation else self._quantify(condition, want=want)

    def _quantify(self, condition: Quantifier, *, want: bool) -> str:
        name, reading = self.read(condition.path)
        if reading is None or reading.kind not in (Kind.LIST, Kind.STRINGS):
            return NO
        loop = self._loop(name, reading)
        inner, where, that = loop.scope, condition.where, condition.that
        if condition.quantity is Quantity.EACH:
            if want:
                test = _or((inner.prove(where, want=False), inner.prove(that, want=True)))
            else:
                test = _and((inner.prove(where, want=True), inner.prove(that, want=False)))
            return loop.flag(test, is_all=want)
        is_all = want is (condition.quantity is Quantity.NONE)
        if is_all:
            test = _or((inner.prove(where, want=False), inner.prove(that, want=False)))
        else:
            test = _and((inner.prove(where, want=True), inner.prove(that, want=True)))
        return loop.flag(test, is_all=is_all)

    def suspects_of(self, condition: Condition, flag: str) -> str:
        """The list that will hold the indexes of the elements that are not proven to hold, or "".

        Only for a whole assertion of the form each or none over a list of the document itself.
        """
        if not isinstance(condition, Quantifier) or condition.quantity is Quantity.SOME:
            return ""
        name, _ = self.read(condition.path)
        loop = self.loops.get(name)
        if condition.is_relation or loop is None or flag not in loop.falling.values():
            return ""
        return loop.suspects.setdefault(flag, self.names.fresh("s"))

    def _loop(self, name: str, reading: Reading) -> _Loop:
        if name not in self.loops:
            fields = reading.own.items or TEXT_ITEMS
            is_text = not reading.own.items
            element = self.names.fresh("x")
            getter = "" if is_text else self.names.fresh("g")
            inner = _Scope(self.names, getter, element, lambda path: find_in(fields, path))
            self.loops[name] = _Loop(inner, is_text=is_text)
        return self.loops[name]

    def lines(self, indent: int) -> list[str]:
        """The reads and the loops, ready for the expressions that name them."""
        pad = "    " * indent
        lines = [f"{pad}{name} = {source}" for source, name in self.reads.items()]
        for name, loop in self.loops.items():
            lines += _loop_lines(name, loop, indent)
        return lines


def _loop_lines(name: str, loop: _Loop, indent: int) -> list[str]:
    pad, inner = "    " * indent, "    " * (indent + 2)
    falling, rising = list(loop.falling.values()), list(loop.rising.values())
    scope = loop.scope
    lines = [f"{pad}{' = '.join([*falling, *rising])} = False"]
    lines += [f"{pad}{kept} = []" for kept in loop.suspects.values()]
    lines.append(f"{pad}if type({name}) is list:")
    if falling:
        lines.append(f"{pad}    {' = '.join(falling)} = True")
    loops_over = (
        f"i, {scope.element} in enumerate({name})"
        if loop.suspects
        else (f"{scope.element} in {name}")
    )
    lines.append(f"{pad}    for {loops_over}:")
    lines.append(f"{inner}if type({scope.element}) is not {'str' if loop.is_text else 'dict'}:")
    if falling:
        lines.append(f"{inner}    {' = '.join(falling)} = False")
    lines += [f"{inner}    {kept}.append(i)" for kept in loop.suspects.values()]
    lines.append(f"{inner}    continue")
    if not loop.is_text:
        lines.append(f"{inner}{scope.getter} = {scope.element}.get")
    lines += scope.lines(indent + 2)
    for test, flag in loop.falling.items():
        kept = loop.suspects.get(flag)
        note = f"; {kept}.append(i)" if kept else ""
        lines.append(f"{inner}if not ({test}): {flag} = False{note}")
    lines += [f"{inner}if {test}: {flag} = True" for test, flag in loop.rising.items()]
    if falling:
        lines += [f"{pad}elif {name} is None:", f"{pad}    {' = '.join(falling)} = True"]
    return lines


def _and(parts: Iterable[str]) -> str:
    return _join(parts, "and", absorbing=NO, neutral=YES)


def _or(parts: Iterable[str]) -> str:
    return _join(parts, "or", absorbing=YES, neutral=NO)


def _join(parts: Iterable[str], word: str, *, absorbing: str, neutral: str) -> str:
    kept = [part for part in dict.fromkeys(parts) if part != neutral]
    if absorbing in kept:
        return absorbing
    if len(kept) == 1:
        return kept[0]
    return f" {word} ".join(f"({part})" for part in kept) if kept else neutral


class Generated:
    """The text of one type's fast function and what it refers to."""

    def __init__(self, text: str, names: _Names) -> None:
        self.text = text
        self.patterns = {name: text for text, name in names.constants.patterns.items()}
        self.maps = {f"V{n}": values for n, values in enumerate(names.maps)}


def generate(
    rules: Sequence[Rule], owner: Type, vocabulary: Vocabulary, lacking: frozenset[int]
) -> Generated:
    """Write ``judge(p, now, a, n, d, e)``.

    ``a`` takes each index that is not proven, ``n`` each that is proven not applicable, and ``d``
    each (index, value) of a one-clause rule that is proven to fail, and ``e`` each (index, element
    indexes) of a rule over a list that only those elements can decide; others are proven passes.
    """
    names = _Names()
    scope = _Scope(names, "g", "", lambda path: find_reading(vocabulary, owner, path))
    body: list[str] = []
    for index, rule in enumerate(rules):
        if index in lacking:
            body.append(f"    n({index})")
            continue
        if rule.when is None:
            body += _decide(scope, rule, index, 1)
            continue
        applies = scope.prove(rule.when, want=True)
        applies_not = scope.prove(rule.when, want=False)
        body.append(f"    if {applies}:")
        body += _decide(scope, rule, index, 2) or ["        pass"]
        body += [f"    elif {applies_not}:", f"        n({index})"]
        body += ["    else:", f"        a({index})"]
    cuts = [f"    {name} = now - {span!r}" for span, name in names.constants.cuts.items()]
    head = ["def judge(p, now, a, n, d, e):", "    g = p.get"]
    return Generated("\n".join([*head, *cuts, *scope.lines(1), *body]) + "\n", names)


def _decide(scope: _Scope, rule: Rule, index: int, indent: int) -> list[str]:
    pad = "    " * indent
    holds = scope.prove(rule.must, want=True)
    if holds == YES:
        return []
    if holds == NO:
        return [f"{pad}a({index})"]
    must = rule.must
    suspects = scope.suspects_of(must, holds)
    if suspects:
        return [
            f"{pad}if not ({holds}):",
            f"{pad}    if {suspects}: e(({index}, {suspects}))",
            f"{pad}    else: a({index})",
        ]
    name, reading = scope.read(must.path) if isinstance(must, Compare) else ("", None)
    if reading is None or reading.values:
        return [f"{pad}if not ({holds}): a({index})"]
    fails = scope.prove(must, want=False)
    lines = [f"{pad}if not ({holds}):", f"{pad}    if {fails}: d(({index}, {name}))"]
    return [*lines, f"{pad}    else: a({index})"]
