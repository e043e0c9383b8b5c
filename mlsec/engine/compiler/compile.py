"""The fast pass of each type: proves pass and not applicable, and leaves all else to be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.engine.compiler.codegen import Generated, generate
from mlsec.engine.compiler.codegen_runtime import SETTLERS, Failed, Take, TakeDeferred
from mlsec.engine.compiler.fast_findings import Failure
from mlsec.engine.evaluation.applicability import lacks_what_is_read
from mlsec.engine.evaluation.operators import compare, moment_of, searcher
from mlsec.engine.evaluation.property_reader import UNKNOWN_VALUE
from mlsec.engine.evaluation.timestamps import first_moment, last_moment
from mlsec.engine.model.property_resolution import translate
from mlsec.engine.model.rule import Operator, Rule, RuleSet
from mlsec.vocabulary.types import Kind, Type, Vocabulary

Judge = Callable[[Any, Take, TakeDeferred], None]
# Whatever a hostile document makes the fast code trip over, the exact evaluator decides.
TRIPS = (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError)


class Proof(msgspec.Struct, frozen=True, gc=False):
    """What the fast pass proves of one document; indexes into the plan's rules.

    ``is_open`` are not proven, ``not_applicable`` are; of ``unread`` rules the one property that
    decides was not read; ``failed`` are proven to fail, with the values that decided (see
    Failure); ``suspects`` are rules over a list with the indexes of the elements that can decide;
    every other rule is a proven pass.
    """

    failed: Sequence[Failed] = ()
    is_open: Sequence[int] = ()
    not_applicable: Sequence[int] = ()
    unread: Sequence[int] = ()
    suspects: Sequence[tuple[int, list[int]]] = ()


class FastPass:
    """The rules of one concrete type and their generated function (made when first used)."""

    def __init__(self, owner: Type, rules: tuple[Rule, ...], vocabulary: Vocabulary) -> None:
        self.owner = owner
        self.rules = rules
        self._vocabulary = vocabulary
        self._judges: dict[float, Judge] = {}
        self.failures: Mapping[int, Failure] = _Failures(self)

    @property
    def source(self) -> str:
        """The generated text, for tests and for the curious."""
        return self._generate().text

    def prove(self, resource: Resource, now_s: float) -> Proof:
        """Prove what can be proven of the properties that were read."""
        known: Mapping[str, Any] = resource.properties
        if resource.unread:
            is_all = "*" in resource.unread
            known = {} if is_all else {k: v for k, v in known.items() if k not in resource.unread}
        judge = self._judges.get(now_s)
        if judge is None:
            judge = self._judges[now_s] = self._compile(now_s)
        return self._proof(judge, known)

    def _proof(self, judge: Judge, known: Mapping[str, Any]) -> Proof:
        failed: list[Failed] = []
        deferred: list[tuple[int, Any]] = []
        try:
            judge(known, failed.append, deferred.append)
        except TRIPS:
            return Proof(is_open=range(len(self.rules)))
        if not deferred:
            return Proof(failed)
        result: tuple[list[Any], ...] = ([], [], [], [])
        for what, value in deferred:
            result[what].append(value)
        return Proof(failed, *result)

    def make_failure(self, index: int) -> Failure:
        """Prepare the finding of one rule."""
        return Failure(self.rules[index], self.owner, self._vocabulary)

    def _generate(self) -> Generated:
        lacking = frozenset(
            index for index, rule in enumerate(self.rules) if lacks_what_is_read(rule, self.owner)
        )
        return generate(self.rules, self.owner, self._vocabulary, lacking)

    def _compile(self, now_s: float) -> Judge:
        generated = self._generate()
        names: dict[str, Any] = {
            **_NAMES,
            **generated.maps,
            **{name: searcher(text) for name, text in generated.patterns.items()},
        }
        code = compile(generated.text, f"<rules of {self.owner.name!a}>", "exec")
        exec(code, names)  # noqa: S102 - our own text: names made in codegen, constants by repr
        return names["judge_at"](now_s)  # type: ignore[no-any-return]


class _Failures(dict[int, Failure]):
    """The ready-made finding of each rule of a pass, made when the rule first fails."""

    def __init__(self, of: FastPass) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, index: int) -> Failure:
        self[index] = self._of.make_failure(index)
        return self[index]


def compile_rules(ruleset: RuleSet) -> dict[str, FastPass]:
    """Give the fast pass of every concrete type that some rule judges, by type name."""
    by_type: dict[str, list[Rule]] = {}
    for rule in ruleset.rules:
        for owner in ruleset.vocabulary.concrete(rule.resource):
            by_type.setdefault(owner.name, []).append(rule)
    types = ruleset.vocabulary.types
    return {
        name: FastPass(types[name], tuple(rules), ruleset.vocabulary)
        for name, rules in by_type.items()
    }


def _map_value(raw: Any, key: str) -> Any:
    if type(raw) is dict:
        return raw.get(key)
    return None if raw is None else UNKNOWN_VALUE


def _translated(raw: Any, values: Mapping[str, Any]) -> Any:
    return raw if raw is UNKNOWN_VALUE else translate(values, raw, UNKNOWN_VALUE)


def _all_text(items: list[Any]) -> bool:
    for item in items:  # noqa: SIM110 - a generator costs more than these few texts
        if type(item) is not str:
            return False
    return True


_NAMES: Mapping[str, Any] = {
    "M": UNKNOWN_VALUE,
    "TRUE": Truth.TRUE,
    "FALSE": Truth.FALSE,
    "compare": compare,
    "moment_of": moment_of,
    "first_moment": first_moment,
    "last_moment": last_moment,
    "map_value": _map_value,
    "translated": _translated,
    "all_text": _all_text,
    **SETTLERS,
    **{operator.name: operator for operator in Operator},
    **{kind.name: kind for kind in Kind},
}
