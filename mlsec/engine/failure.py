"""The finding of a rule that the fast pass settled, made from ready parts."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mlsec.core.closed_sets import Status
from mlsec.core.digest import FingerprintPrefix
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.core.resource import Origin
from mlsec.core.text import visible
from mlsec.core.vocabulary import Property, Type, Vocabulary
from mlsec.engine.deciding import Deciding, failing_clauses
from mlsec.engine.evidence import MAX_EVIDENCE, asked_of, shown
from mlsec.engine.readings import Reading, find_in, find_reading
from mlsec.engine.rule import Compare, Quantifier, Rule
from mlsec.engine.views import NOT_READ, TEXT_ITEMS, own_source

_PLACEHOLDER = re.compile(r"\{(name|id|region|type)\}")
MAX_KNOWN_PLACES = 64
NO_GAPS: tuple[str, ...] = ()


class Envelope(Protocol):
    """What a finding needs of a document beside the values that decided."""

    @property
    def id(self) -> str: ...
    @property
    def unread(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def sources(self) -> Mapping[str, str]: ...
    @property
    def origin(self) -> Origin: ...


class _Template(msgspec.Struct, frozen=True, gc=False):
    """One clause that may decide; in a list ``path`` and ``field`` follow the element's index."""

    path: str
    operator: str
    expected: Any
    own: Property
    field: str = ""


class Failure:
    """Gives exactly the finding that the exact evaluator would give; tests hold the two equal."""

    def __init__(self, rule: Rule, owner: Type, vocabulary: Vocabulary) -> None:
        self.rule = rule
        self.prefix = FingerprintPrefix(rule.stable_key)
        self.message = _PLACEHOLDER.split(rule.message) if rule.message else [rule.title]
        must = rule.must
        self.is_list = isinstance(must, Quantifier)
        self.templates = _templates(rule, owner, vocabulary)
        self.whole: _Template | None = None
        if isinstance(must, Compare | Quantifier):
            reading = find_reading(vocabulary, owner, must.path)
            self.whole = _whole(must, reading) if reading is not None else None
        self.list_path = must.path if isinstance(must, Quantifier) else ""
        self.places: dict[int, list[tuple[str, str]]] = {}
        self.fixed: dict[str, str] = {}
        read_here = () if self.is_list else self.templates
        for own in [t.own for t in (*read_here, self.whole) if t is not None]:
            if own.derived or len(own.sources.get("api", ())) <= 1:
                self.fixed[own.name] = own_source(_NOWHERE, own)

    def finding(self, envelope: Envelope, subject: Subject, values: Sequence[Any]) -> Finding:
        """The failure on one document whose ``values`` decided: one value for each clause, or of a
        rule over a list (index, values) for each element; NOT_READ for a clause that did not.
        """
        if self.is_list:
            evidence = self._of_elements(envelope, values)
        elif len(values) == 1:
            template = self.templates[0]
            evidence = (self._of_clause(envelope, template, values[0]),)
        else:
            pairs = zip(self.templates, values, strict=True)
            decided = [(template, value) for template, value in pairs if value is not NOT_READ]
            evidence = tuple(
                self._of_clause(envelope, template, value)
                for template, value in decided[:MAX_EVIDENCE]
            )
        rule = self.rule
        return Finding(
            fingerprint=self.prefix.fingerprint(subject.id),
            rule=rule.id,
            status=_FAIL,
            severity=rule.severity,
            category=rule.category,
            concern=rule.concern,
            resource=subject,
            message=self._message(subject),
            evidence=evidence,
        )

    def unread_finding(self, envelope: Envelope, subject: Subject) -> Finding:
        """The finding on one document in which the one property that decides was not read."""
        rule, template = self.rule, self.whole
        assert template is not None  # noqa: S101 - the generator says so of such rules only
        unread = envelope.unread
        gaps = unread.get(template.own.name, unread.get("*", NO_GAPS)) if unread else NO_GAPS
        evidence = Evidence(
            path=template.path,
            operator=template.operator,
            expected=template.expected,
            is_unread=True,
            gaps=gaps,
            resource=subject.id,
            source=self._source(envelope, template.own),
        )
        return Finding(
            fingerprint=self.prefix.fingerprint(subject.id),
            rule=rule.id,
            status=Status.NOT_ASSESSED,
            severity=rule.severity,
            category=rule.category,
            concern=rule.concern,
            resource=subject,
            message=f"Not assessed: {rule.title}",
            evidence=(evidence,),
            gaps=tuple(sorted(set(gaps))),
        )

    def _of_elements(
        self, envelope: Envelope, elements: Sequence[tuple[int, Sequence[Any]]]
    ) -> tuple[Evidence, ...]:
        whole = self.whole
        assert whole is not None  # noqa: S101 - a rule over a list has one
        if not elements:
            return (
                Evidence(
                    path=whole.path,
                    operator=whole.operator,
                    expected=whole.expected,
                    actual=[],
                    resource=envelope.id,
                    source=_code_place(envelope.origin),
                ),
            )
        base = self._source(envelope, whole.own)
        is_code = bool(envelope.origin.file)
        found = []
        for index, values in elements:
            places = self._places(index)
            for n, value in enumerate(values):
                if value is NOT_READ:
                    continue
                template, (path, inside) = self.templates[n], places[n]
                made = Evidence(
                    path=path,
                    operator=template.operator,
                    expected=template.expected,
                    actual=value if value is True or value is False else shown(value),
                    resource=envelope.id,
                    source=base if is_code or not base else base + inside,
                )
                found.append(made)
            if len(found) >= MAX_EVIDENCE:
                break
        return tuple(found[:MAX_EVIDENCE])

    def _of_clause(self, envelope: Envelope, template: _Template, value: Any) -> Evidence:
        return Evidence(
            path=template.path,
            operator=template.operator,
            expected=template.expected,
            actual=value if value is True or value is False else shown(value),
            resource=envelope.id,
            source=self._source(envelope, template.own),
        )

    def _places(self, index: int) -> list[tuple[str, str]]:
        """For each clause its path and source (after the list's) at one element."""
        known = self.places.get(index)
        if known is None:
            known = [
                (f"{self.list_path}[{index}]{one.path}", f"[{index}]{one.field}")
                for one in self.templates
            ]
            if index < MAX_KNOWN_PLACES:
                self.places[index] = known
        return known

    def _source(self, envelope: Envelope, own: Property) -> str:
        if envelope.origin.file:
            return _code_place(envelope.origin)
        fixed = self.fixed.get(own.name)
        return own_source(envelope, own) if fixed is None else fixed

    def _message(self, subject: Subject) -> str:
        parts = self.message
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 3 and parts[1] == "name":
            return f"{parts[0]}{_visible(subject.name or subject.id)}{parts[2]}"
        filled = [*parts]
        for n in range(1, len(parts), 2):
            fact = subject.name or subject.id if parts[n] == "name" else getattr(subject, parts[n])
            filled[n] = _visible(fact)
        return "".join(filled)


@functools.lru_cache(maxsize=256)
def _visible(fact: str) -> str:
    return visible(fact, 200)


class _Nowhere:
    """No operation was asked."""

    sources: Mapping[str, str] = {}


_NOWHERE = _Nowhere()
_FAIL = Status.FAIL


def _code_place(origin: Origin) -> str:
    if not origin.file:
        return ""
    column = f":{origin.column}" if origin.column else ""
    return f"{origin.file}:{origin.line}{column}"


def _whole(must: Compare | Quantifier, reading: Reading) -> _Template:
    operator, expected = asked_of(must)
    path = must.path.rstrip(".")
    return _Template(path=path, operator=operator, expected=shown(expected), own=reading.own)


def _templates(rule: Rule, owner: Type, vocabulary: Vocabulary) -> tuple[_Template, ...]:
    must = rule.must
    deciding = failing_clauses(must)
    if deciding is None:
        return ()
    if not isinstance(must, Quantifier):
        own = [(one, find_reading(vocabulary, owner, one.clause.path)) for one in deciding]
        return tuple(_template(one, found) for one, found in own if found is not None)
    over = find_reading(vocabulary, owner, must.path)
    items = over.own.items if over is not None else {}
    inner = [(one, find_in(items or TEXT_ITEMS, one.clause.path)) for one in deciding]
    made = [_template(one, found, is_item=True) for one, found in inner if found is not None]
    if items:
        return tuple(made)
    return tuple(msgspec.structs.replace(one, path="", field="") for one in made)


def _template(one: Deciding, reading: Reading, *, is_item: bool = False) -> _Template:
    clause = one.clause
    operator, expected = asked_of(clause, is_wanted=one.is_wanted)
    own = reading.own
    path = f".{clause.path}" if is_item else clause.path
    field = f".{own.sources.get('api', ('',))[0] or clause.path}" if is_item else ""
    return _Template(
        path=path.rstrip("."), operator=operator, expected=shown(expected), own=own, field=field
    )
