"""What would end each failure, found out while it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.cause import Fact, own_change
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Resource
from mlsec.engine.causes.facts import DecidingFacts
from mlsec.engine.causes.supposing import Supposing
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Clause
from mlsec.engine.findings.evidence import MAX_EVIDENCE
from mlsec.engine.findings.subject import subject_of
from mlsec.engine.model.rule import Rule

# The changes that would end a failure: any one of them, and of each all its facts.
Changes = tuple[tuple[Fact, ...], ...]


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """``changes`` of the failures that several facts decided, by fingerprint; ``subjects`` are the
    other resources that decided, by id.
    """

    changes: Mapping[str, Changes] = msgspec.field(default_factory=dict)
    subjects: Mapping[str, Subject] = msgspec.field(default_factory=dict)


class GroundsFinder:
    """Collects the grounds of failures while a graph is judged."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._changes: dict[str, Changes] = {}
        self._subjects: dict[str, Subject] = {}

    def note(
        self, rule: Rule, resource: Resource, finding: Finding, clauses: Iterable[Clause] = ()
    ) -> None:
        """Take one failure in; ``clauses`` are what decided it, where more than it has a part."""
        for clause in clauses:
            other = clause.view.resource
            if other.id != resource.id and other.id not in self._subjects:
                self._subjects[other.id] = subject_of(other)
        if len(finding.evidence) < 2:
            return
        deciding = DecidingFacts(finding, rule, self._evaluator.reader.vocabulary)
        if len(deciding.facts) > 1:
            self._changes[finding.fingerprint] = self._of(rule, resource, finding, deciding)

    @property
    def grounds(self) -> Grounds:
        """What was found so far."""
        return Grounds(changes=self._changes, subjects=self._subjects)

    def _of(
        self, rule: Rule, resource: Resource, finding: Finding, deciding: DecidingFacts
    ) -> Changes:
        alone = tuple(
            (fact,)
            for fact in deciding.facts
            if self._supposing(deciding, fact).ends(rule, resource)
        )
        if alone:
            return alone
        if len(finding.evidence) >= MAX_EVIDENCE:  # evidence was cut: there may be more to change
            return (own_change(finding),)
        return (deciding.facts,)

    def _supposing(self, deciding: DecidingFacts, fact: Fact) -> Supposing:
        return Supposing(
            self._evaluator, lambda resource, path: deciding.of(resource, path) == fact
        )
