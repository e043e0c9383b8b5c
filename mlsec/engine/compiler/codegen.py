"""Generate the fast function of one type: shared reads once, one loop per list for all rules."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.engine.compiler.clause_code import NO, YES
from mlsec.engine.compiler.code_scopes import (
    Names,
    Scope,
    element_test,
    guard_lines,
    join_and,
)
from mlsec.engine.compiler.codegen_runtime import Deferred, settler
from mlsec.engine.evaluation.deciding_clauses import failing_clauses
from mlsec.engine.findings.evidence import are_distinct
from mlsec.engine.model.footprint import reads_relations
from mlsec.engine.model.property_resolution import Reading, find_reading
from mlsec.engine.model.rule import Compare, Condition, Quantifier, Quantity, Rule
from mlsec.vocabulary.types import Kind, Type, Vocabulary


class Generated:
    """The text of one type's fast function and what it refers to."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.patterns = {name: text for text, name in names.constants.patterns.items()}
        self.maps = {f"V{n}": values for n, values in enumerate(names.maps)}


def generate(
    rules: Sequence[Rule],
    owner: Type,
    vocabulary: Vocabulary,
    lacking: frozenset[int],
) -> Generated:
    """Write ``judge_at(now)``, which gives ``judge(p, d, e)`` for one clock value.

    ``p`` is the mapping of properties. ``d`` takes each (index, values) of a rule that is proven to
    fail and whose deciding values are known. ``e`` takes what is rare, by its first part:
    (OPEN, index) of a rule that is not proven, (NOT_APPLICABLE, index), (UNREAD, index) of one
    whose one value was not read, and (SUSPECT, (index, element indexes)) of a rule over a list
    that only those elements can decide. All other rules are proven passes.
    """
    writer = _Writer(owner, vocabulary)
    for index, rule in enumerate(rules):
        if index in lacking:
            writer.body.append(f"        {_takes(Deferred.NOT_APPLICABLE, index)}")
        else:
            writer.add(rule, index)
    return Generated(writer.text(), writer.names)


class _Writer:
    """Collects the text of one type."""

    def __init__(self, owner: Type, vocabulary: Vocabulary) -> None:
        self.names = Names()
        self.scope = Scope(
            self.names, lambda path: find_reading(vocabulary, owner, path), getter="g", element="p"
        )
        self.body: list[str] = []
        self.helpers: list[str] = []

    def add(self, rule: Rule, index: int) -> None:
        """Write what decides one rule."""
        if rule.when is None:
            self.body += self._decide(rule, index, 2)
            return
        applies = self.scope.prove(rule.when, want=True)
        applies_not = self.scope.prove(rule.when, want=False)
        self.body.append(f"        if {applies}:")
        self.body += self._decide(rule, index, 3) or ["            pass"]
        self.body += [f"        elif {applies_not}:"]
        self.body += [f"            {_takes(Deferred.NOT_APPLICABLE, index)}"]
        self.body += ["        else:", f"            {_takes(Deferred.OPEN, index)}"]

    def text(self) -> str:
        """The whole module."""
        cuts = [f"    {name} = {moment}" for moment, name in self.names.constants.cuts.items()]
        head = ["    def judge(p, d, e):", "        g = p.get"]
        lines = ["def judge_at(now):", *cuts, *self.helpers, *head, *self.scope.lines(2)]
        return "\n".join([*lines, *self.body, "        return", "    return judge"]) + "\n"

    def _decide(self, rule: Rule, index: int, indent: int) -> list[str]:
        pad, must = "    " * indent, rule.must
        is_open = _takes(Deferred.OPEN, index)
        holds = self.scope.prove(must, want=True)
        if holds == YES:
            return []
        # A relation in ``when`` belongs into the finding's path, which only the exact judge draws.
        if reads_relations(rule):
            return [f"{pad}{is_open}" if holds == NO else f"{pad}if not ({holds}): {is_open}"]
        if isinstance(must, Quantifier):
            name, reading = self.scope.read(must.path)
            if reading is not None and _is_plain_list(reading):
                self.helpers += self._element(must, index, reading)
                can_fail_alone = must.quantity is Quantity.SOME
                asked = f"walk_list({index}, {name}, w{index}, {can_fail_alone}, d, e)"
                return [f"{pad}if not ({holds}): {asked}"]
        if isinstance(must, Compare):
            name, reading = self.scope.read(must.path)
            ask = settler(reading.kind, must.operator) if reading and not reading.values else ""
            if ask:
                return [f"{pad}if not ({holds}): {ask}({index}, {name}, d, e)"]
        return [f"{pad}if not ({holds}):", *self._unfold(must, index, f"{pad}    ")]

    def _unfold(self, must: Condition, index: int, pad: str) -> list[str]:
        """What is known of an assertion that did not hold, case by case."""
        lines, word = [], "if"
        deciding = failing_clauses(must)
        if deciding is not None and are_distinct(deciding):
            settled, values = self.scope.settled(deciding)
            fails = join_and((self.scope.prove(must, want=False), settled))
            if fails != NO:
                lines.append(f"{pad}if {fails}: d(({index}, {values}))")
                word = "elif"
        if isinstance(must, Compare):
            name, reading = self.scope.read(must.path)
            if reading is not None and not reading.values:
                lines.append(f"{pad}{word} {name} is M: {_takes(Deferred.UNREAD, index)}")
                word = "elif"
        is_open = _takes(Deferred.OPEN, index)
        return [*lines, f"{pad}{'else' if word == 'elif' else 'if True'}: {is_open}"]

    def _element(self, must: Quantifier, index: int, reading: Reading) -> list[str]:
        """A function that says of one element whether it decides, as ``walk_list`` asks it."""
        loop = self.scope.new_loop(reading)
        inner = loop.scope
        lines = [f"    def w{index}({inner.element}):", *guard_lines(loop, 2, "return ()")]
        tests = []
        if must.quantity is not Quantity.SOME:
            tests.append(f"        if {element_test(inner, must, want=True)}: return None")
        deciding = failing_clauses(must)
        if deciding is not None and are_distinct(deciding):
            settled, values = inner.settled(deciding)
            fails = join_and((element_test(inner, must, want=False), settled))
            if fails != NO:
                tests.append(f"        if {fails}: return {values}")
        return [*lines, *inner.lines(2), *tests, "        return ()"]


def _takes(what: Deferred, index: int) -> str:
    return f"e(({what}, {index}))"


def _is_plain_list(reading: Reading) -> bool:
    return reading.kind in (Kind.LIST, Kind.STRINGS) and not reading.values and not reading.key
