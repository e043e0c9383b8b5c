"""From a verdict to the finding that every report shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlsec.core.coverage import TypeCoverage
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Resource
from mlsec.core.sanitize import visible
from mlsec.engine.evaluation.kleene import Verdict
from mlsec.engine.findings.evidence import evidence_of, gaps_of, path_of
from mlsec.engine.findings.subject import subject_of
from mlsec.engine.model.rule import Rule

_PLACEHOLDER = re.compile(r"\{(name|id|region|type)\}")


def finding_of(rule: Rule, resource: Resource, verdict: Verdict) -> Finding:
    """Build the finding of a fail or not_assessed verdict."""
    is_fail = verdict.status is Status.FAIL
    subject = subject_of(resource)
    return Finding(
        fingerprint=fingerprint(rule.stable_key, resource.id),
        rule=rule.id,
        status=verdict.status,
        severity=verdict.severity or rule.severity,
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
    return _PLACEHOLDER.sub(lambda match: visible(facts[match.group(1)], 200), rule.message)
