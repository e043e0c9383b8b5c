"""The finding of a rule that the fast pass settled, made from ready parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from sys import intern
from typing import Any

import msgspec

from mlsec.core.digest import begin_fingerprint
from mlsec.core.enums import Status
from mlsec.core.finding import Evidence, Finding
from mlsec.engine.compiler.clause_parts import Part, parts_of, whole_part
from mlsec.engine.evaluation.property_reader import UNKNOWN_VALUE, own_source
from mlsec.engine.evaluation.severity import most_severe, position_of_grade
from mlsec.engine.findings.evidence import MAX_EVIDENCE, shown
from mlsec.engine.findings.principals import with_principals
from mlsec.engine.findings.subject import FindingSubject, place_in_code, shown_fact
from mlsec.engine.model.rule import Quantifier, Rule
from mlsec.vocabulary.types import Type, Vocabulary

_PLACEHOLDER = re.compile(r"\{(name|id|region|type)\}")
MAX_KNOWN_PLACES = 64
NO_GAPS: tuple[str, ...] = ()

Values = Sequence[Any]
Elements = Sequence[tuple[int, Values]]
Prove = Callable[[FindingSubject, Any], tuple[Evidence, ...]]
Make = Callable[[FindingSubject, Any], Finding]


class Failure:
    """Gives exactly the finding that the exact evaluator would give; tests hold the two equal.

    ``finding`` makes the failure on one document whose values decided: one value for each clause,
    or of a rule over a list (index, values) for each element; UNKNOWN_VALUE where it did not.
    ``unread_finding`` is for a document in which the one property that decides was not read.
    """

    def __init__(self, rule: Rule, owner: Type, vocabulary: Vocabulary) -> None:
        whole = whole_part(rule, owner, vocabulary)
        self.finding = _maker(rule, _prover(rule, parts_of(rule, owner, vocabulary), whole))
        self.unread_finding = _unread_maker(rule, whole)


def _maker(rule: Rule, prove: Prove) -> Make:
    # Called for every failure of every document: what it needs is bound once, as plain names.
    begin, fail = begin_fingerprint(rule.stable_key), Status.FAIL
    rule_id, severity, category, concern = rule.id, rule.severity, rule.category, rule.concern
    graded = position_of_grade(rule) if rule.graded_by else -1
    words = _PLACEHOLDER.split(rule.message) if rule.message else [rule.title]
    is_named = len(words) == 3 and words[1] == "name"
    head, tail = words[0], words[-1]

    def make(seen: FindingSubject, values: Any) -> Finding:
        digest = begin()
        digest.update(seen.part)
        return Finding(
            fingerprint=digest.hexdigest(),
            rule=rule_id,
            status=fail,
            severity=severity
            if graded < 0
            else most_severe((value[graded] for _, value in values), severity),
            category=category,
            concern=concern,
            resource=seen.subject,
            message=f"{head}{seen.name}{tail}" if is_named else _message(words, seen),
            evidence=prove(seen, values),
        )

    return make


def _unread_maker(rule: Rule, part: Part | None) -> Callable[[FindingSubject], Finding]:
    begin = begin_fingerprint(rule.stable_key)

    def make(seen: FindingSubject) -> Finding:
        assert part is not None  # noqa: S101 - the generator says so of such rules only
        unread = seen.document.unread
        gaps = unread.get(part.own.name, unread.get("*", NO_GAPS)) if unread else NO_GAPS
        evidence = Evidence(
            path=part.path,
            operator=part.operator,
            expected=part.expected,
            is_unread=True,
            gaps=gaps,
            resource=seen.subject.id,
            source=_source(seen, part),
        )
        digest = begin()
        digest.update(seen.part)
        return Finding(
            fingerprint=digest.hexdigest(),
            rule=rule.id,
            status=Status.NOT_ASSESSED,
            severity=rule.severity,
            category=rule.category,
            concern=rule.concern,
            resource=seen.subject,
            message=f"Not assessed: {rule.title}",
            evidence=(evidence,),
            gaps=tuple(sorted(set(gaps))) if gaps else NO_GAPS,
        )

    return make


def _message(words: list[str], seen: FindingSubject) -> str:
    filled = [*words]
    for n in range(1, len(words), 2):
        name = words[n]
        filled[n] = seen.name if name == "name" else shown_fact(getattr(seen.subject, name))
    return "".join(filled)


def _prover(rule: Rule, parts: tuple[Part, ...], whole: Part | None) -> Prove:
    if isinstance(rule.must, Quantifier):
        return _of_elements(rule.must.path, parts, whole)
    return _of_clause(parts[0]) if len(parts) == 1 else _of_clauses(parts)


def _of_clause(part: Part) -> Prove:
    path, operator, expected, fixed = part.path, part.operator, part.expected, part.fixed

    def prove(seen: FindingSubject, values: Values) -> tuple[Evidence, ...]:
        value = values[0]
        evidence = Evidence(
            path=path,
            operator=operator,
            expected=expected,
            actual=value if value is True or value is False else shown(value),
            resource=seen.subject.id,
            source=_source(seen, part) if fixed is None or seen.place else fixed,
        )
        return (with_principals(evidence, seen.document, part.own.name),)

    return prove


def _of_clauses(parts: tuple[Part, ...]) -> Prove:
    provers = [_of_clause(part) for part in parts]

    def prove(seen: FindingSubject, values: Values) -> tuple[Evidence, ...]:
        evidences: list[Evidence] = []
        for result, value in zip(provers, values, strict=True):
            if value is not UNKNOWN_VALUE:
                evidences += result(seen, (value,))
        return tuple(evidences[:MAX_EVIDENCE])

    return prove


Placed = list[tuple[str, str, str, Any, str]]


class _Places(dict[int, Placed]):
    """For each clause of a rule over a list what is shown of it at one element: path, source
    (after the list's), operator, expected value and what it is called where code has its place.

    Those of the first elements are kept, so that a long list cannot fill the memory.
    """

    def __init__(self, list_path: str, parts: tuple[Part, ...]) -> None:
        super().__init__()
        self._list_path, self._parts = list_path, parts

    def __missing__(self, index: int) -> Placed:
        start, inside = f"{self._list_path}[{index}]", f"[{index}]"
        made = [
            (
                f"{start}{part.path}",
                f"{inside}{part.field}",
                part.operator,
                part.expected,
                f"{start}.{part.own.name}" if part.path else start,
            )
            for part in self._parts
        ]
        if index < MAX_KNOWN_PLACES:
            self[index] = made
        return made


def _of_elements(list_path: str, parts: tuple[Part, ...], whole: Part | None) -> Prove:
    places = _Places(list_path, parts)

    def prove(seen: FindingSubject, elements: Elements) -> tuple[Evidence, ...]:
        assert whole is not None  # noqa: S101 - a rule over a list has one
        if not elements:
            return _nothing_there(seen, whole)
        subject_id, base = seen.subject.id, _source(seen, whole)
        is_element_named, is_code = bool(base) and not seen.place, bool(seen.place)
        result = []
        for index, values in elements:
            for value, (path, inside, operator, expected, name) in zip(  # noqa: B905 - made as a pair
                values, places[index]
            ):
                if value is UNKNOWN_VALUE:
                    continue
                made = Evidence(
                    path=path,
                    operator=operator,
                    expected=expected,
                    actual=value if value is True or value is False else shown(value),
                    resource=subject_id,
                    source=intern(base + inside) if is_element_named else base,
                )
                if is_code:
                    there = place_in_code(seen.document, name)
                    made = msgspec.structs.replace(made, source=there)
                result.append(made)
            if len(result) >= MAX_EVIDENCE:
                return tuple(result[:MAX_EVIDENCE])
        return tuple(result)

    return prove


def _nothing_there(seen: FindingSubject, whole: Part) -> tuple[Evidence, ...]:
    nothing = Evidence(
        path=whole.path,
        operator=whole.operator,
        expected=whole.expected,
        actual=[],
        resource=seen.subject.id,
        source=place_in_code(seen.document, whole.own.name) if seen.place else "",
    )
    return (nothing,)


def _source(seen: FindingSubject, part: Part) -> str:
    if seen.place:
        return place_in_code(seen.document, part.own.name)
    return own_source(seen.document, part.own) if part.fixed is None else part.fixed
