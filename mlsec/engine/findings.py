"""From a verdict to the finding that every report shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from mlsec.core.closed_sets import Status
from mlsec.core.digest import fingerprint
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Resource, TypeCoverage
from mlsec.core.text import visible
from mlsec.engine.evaluate import Verdict
from mlsec.engine.evidence import evidence_of, gaps_of, path_of
from mlsec.engine.failure import Envelope
from mlsec.engine.rule import Rule

_PLACEHOLDER = re.compile(r"\{(name|id|region|type)\}")


class Described(Envelope, Protocol):
    """What a finding shows of the judged resource."""

    @property
    def provider(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def finding_of(rule: Rule, resource: Resource, verdict: Verdict) -> Finding:
    """Build the finding of a fail or not_assessed verdict."""
    is_fail = verdict.status is Status.FAIL
    subject = subject_of(resource, resource.type)
    return Finding(
        fingerprint=fingerprint(rule.stable_key, resource.id),
        rule=rule.id,
        status=verdict.status,
        severity=rule.severity,
        category=rule.category,
        concern=rule.concern,
        resource=subject,
        message=message_of(rule, subject) if is_fail else f"Not assessed: {rule.title}",
        evidence=evidence_of(verdict.clauses),
        gaps=() if is_fail else gaps_of(verdict.clauses),
        path=path_of(resource, (*verdict.context, *verdict.clauses)) if is_fail else None,
    )


def unlisted_finding(rule: Rule, missing: TypeCoverage, gaps: Sequence[str]) -> Finding:
    """One not_assessed finding for a type whose listing failed or was cut short."""
    place = f"{missing.scope}/{missing.region}/{missing.type}"
    return Finding(
        fingerprint=fingerprint(rule.stable_key, place),
        rule=rule.id,
        status=Status.NOT_ASSESSED,
        severity=rule.severity,
        category=rule.category,
        concern=rule.concern,
        resource=Subject(
            id=place,
            type=missing.type,
            provider=missing.scope.partition("/")[0],
            scope=missing.scope,
            region=missing.region,
            name=f"every {missing.type}",
        ),
        message=f"Not assessed: {rule.title} (the listing is not complete)",
        gaps=tuple(sorted(gaps)),
    )


def subject_of(resource: Described, type_name: str) -> Subject:
    """The judged resource as reports show it."""
    return Subject(
        id=resource.id,
        type=type_name,
        provider=resource.provider,
        scope=resource.scope,
        region=resource.region,
        name=resource.name,
        file=resource.origin.file,
        line=resource.origin.line,
        owner=_owner(resource),
    )


def message_of(rule: Rule, subject: Subject) -> str:
    """Fill the rule's message with visible text; without a message the title says it."""
    if not rule.message:
        return rule.title
    facts = {
        "name": subject.name or subject.id,
        "id": subject.id,
        "region": subject.region,
        "type": subject.type,
    }
    return _PLACEHOLDER.sub(lambda found: visible(facts[found.group(1)], 200), rule.message)


def _owner(resource: Described) -> str:
    tags = resource.tags
    found = [key for key in tags if len(key) == 5 and key.lower() == "owner"]
    return tags[min(found)] if found else ""
