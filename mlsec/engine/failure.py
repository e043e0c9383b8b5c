"""The finding of a one-clause rule that the fast pass proved to fail, made from ready parts."""

from __future__ import annotations

import re
from typing import Any

from mlsec.core.closed_sets import Status
from mlsec.core.digest import FingerprintPrefix
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.core.resource import Resource
from mlsec.core.text import visible
from mlsec.core.vocabulary import Type, Vocabulary
from mlsec.engine.evidence import shown
from mlsec.engine.readings import find_reading
from mlsec.engine.rule import Compare, Rule
from mlsec.engine.views import own_source

_PLACEHOLDER = re.compile(r"\{(name|id|region|type)\}")


class Failure:
    """Gives exactly the finding that the exact evaluator would give, a test holds the two equal."""

    def __init__(self, rule: Rule, owner: Type, vocabulary: Vocabulary) -> None:
        clause = rule.must
        assert isinstance(clause, Compare)  # noqa: S101 - the generator proves no other failure
        reading = find_reading(vocabulary, owner, clause.path)
        assert reading is not None  # noqa: S101 - nor one of a path that cannot be read
        self.rule = rule
        self.path = clause.path
        self.operator = clause.operator.value
        self.expected = shown(clause.expected)
        self.own = reading.own
        places = reading.own.sources.get("api", ())
        is_fixed = bool(reading.own.derived) or len(places) <= 1
        blank = Resource(id="", type=owner.name, provider="", scope="")
        self.source = own_source(blank, reading.own) if is_fixed else None
        self.prefix = FingerprintPrefix(rule.stable_key)
        self.message = _PLACEHOLDER.split(rule.message) if rule.message else [rule.title]

    def finding(self, resource: Resource, subject: Subject, value: Any) -> Finding:
        """The finding on one resource whose value decided."""
        rule = self.rule
        evidence = Evidence(
            path=self.path,
            operator=self.operator,
            expected=self.expected,
            actual=shown(value),
            resource=resource.id,
            source=self._source(resource),
        )
        return Finding(
            fingerprint=self.prefix.fingerprint(resource.id),
            rule=rule.id,
            status=Status.FAIL,
            severity=rule.severity,
            category=rule.category,
            concern=rule.concern,
            resource=subject,
            message=self._message(subject),
            evidence=(evidence,),
        )

    def _source(self, resource: Resource) -> str:
        origin = resource.origin
        if origin.file:
            column = f":{origin.column}" if origin.column else ""
            return f"{origin.file}:{origin.line}{column}"
        return own_source(resource, self.own) if self.source is None else self.source

    def _message(self, subject: Subject) -> str:
        parts = self.message
        if len(parts) == 1:
            return parts[0]
        filled = [*parts]
        for n in range(1, len(parts), 2):
            fact = subject.name or subject.id if parts[n] == "name" else getattr(subject, parts[n])
            is_plain = fact.isascii() and fact.isprintable() and len(fact) <= 200
            filled[n] = fact if is_plain else visible(fact, 200)
        return "".join(filled)
