"""The fast pass of each type: proves pass and not applicable, and leaves all else to be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.core.closed_sets import Truth
from mlsec.core.resource import Resource
from mlsec.core.vocabulary import Kind, Type, Vocabulary
from mlsec.engine.codegen import Generated, generate
from mlsec.engine.evaluate import lacks_what_is_read
from mlsec.engine.failure import Failure
from mlsec.engine.operators import compare, instant_s, pattern_of
from mlsec.engine.readings import translate
from mlsec.engine.rule import Operator, Rule, RuleSet
from mlsec.engine.views import NOT_READ

Take = Callable[[int], None]
TakeFailed = Callable[[tuple[int, Any]], None]
TakeSuspects = Callable[[tuple[int, list[int]]], None]
Judge = Callable[[Mapping[str, Any], float, Take, Take, TakeFailed, TakeSuspects], None]


class Proof(msgspec.Struct, frozen=True, gc=False):
    """What the fast pass proves of one document; indexes into the plan's rules.

    ``is_open`` are not proven, ``not_applicable`` are, ``failed`` are one-clause rules proven to
    fail with the value that decided; ``suspects`` are rules over a list with the indexes of the
    elements that can decide; every other rule is a proven pass.
    """

    is_open: list[int]
    not_applicable: list[int]
    failed: list[tuple[int, Any]]
    suspects: list[tuple[int, list[int]]]


class FastPass:
    """The rules of one concrete type and their generated function (made when first used)."""

    def __init__(self, owner: Type, rules: tuple[Rule, ...], vocabulary: Vocabulary) -> None:
        self.owner = owner
        self.rules = rules
        self._vocabulary = vocabulary
        self._judge: Judge | None = None
        self._failures: dict[int, Failure] = {}

    @property
    def source(self) -> str:
        """The generated text, for tests and for the curious."""
        return self._generate().text

    def prove(self, resource: Resource, now_s: float) -> Proof:
        """Prove what can be proven of the properties that were read."""
        known: Mapping[str, Any] = resource.properties
        if resource.unread:
            if "*" in resource.unread:
                return Proof(list(range(len(self.rules))), [], [], [])
            known = {k: v for k, v in known.items() if k not in resource.unread}
        judge = self._judge or self._compile()
        proof = Proof([], [], [], [])
        try:
            judge(
                known,
                now_s,
                proof.is_open.append,
                proof.not_applicable.append,
                proof.failed.append,
                proof.suspects.append,
            )
        # Whatever a hostile document makes the fast code trip over, the exact evaluator decides.
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError):
            return Proof(list(range(len(self.rules))), [], [], [])
        return proof

    def failure(self, index: int) -> Failure:
        """The ready-made finding of a one-clause rule."""
        found = self._failures.get(index)
        if found is None:
            found = Failure(self.rules[index], self.owner, self._vocabulary)
            self._failures[index] = found
        return found

    def _generate(self) -> Generated:
        lacking = frozenset(
            index for index, rule in enumerate(self.rules) if lacks_what_is_read(rule, self.owner)
        )
        return generate(self.rules, self.owner, self._vocabulary, lacking)

    def _compile(self) -> Judge:
        generated = self._generate()
        names: dict[str, Any] = {
            **_NAMES,
            **generated.maps,
            **{name: pattern_of(text).search for name, text in generated.patterns.items()},
        }
        code = compile(generated.text, f"<rules of {self.owner.name!a}>", "exec")
        exec(code, names)  # noqa: S102 - our own text: names made in codegen, constants by repr
        self._judge = names["judge"]
        return names["judge"]  # type: ignore[no-any-return]


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
    return None if raw is None else NOT_READ


def _translated(raw: Any, values: Mapping[str, Any]) -> Any:
    return raw if raw is NOT_READ else translate(values, raw, NOT_READ)


def _all_text(items: list[Any]) -> bool:
    return all(type(item) is str for item in items)


_NAMES: Mapping[str, Any] = {
    "M": NOT_READ,
    "TRUE": Truth.TRUE,
    "FALSE": Truth.FALSE,
    "compare": compare,
    "instant_s": instant_s,
    "map_value": _map_value,
    "translated": _translated,
    "all_text": _all_text,
    **{operator.name: operator for operator in Operator},
    **{kind.name: kind for kind in Kind},
}
