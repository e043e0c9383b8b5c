"""From the fast pass's proof of one document to its findings."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.compiler.compile import FastPass, Proof
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.findings.subject import Described, seen_of
from mlsec.engine.rules.rule import Rule


def settled_findings(
    plan: FastPass, proof: Proof, document: Described, type_name: str
) -> list[Finding]:
    """The findings that need no exact evaluation."""
    if not proof.failed and not proof.unread:
        return []
    seen, failures = seen_of(document, type_name), plan.failures
    found = [failures[index].finding(seen, values) for index, values in proof.failed]
    if proof.unread:
        found += [failures[index].unread_finding(seen) for index in proof.unread]
    return found


def judged_findings(
    plan: FastPass, proof: Proof, resource: Resource, evaluator: Evaluator
) -> Iterator[Finding]:
    """The findings among what is left to the exact evaluator."""
    undecided: list[tuple[int, list[int] | None]] = [(index, None) for index in proof.is_open]
    for index, only in (*undecided, *proof.suspects):
        rule: Rule = plan.rules[index]
        verdict = evaluator.judge(rule, resource, only)
        if verdict.status in (Status.FAIL, Status.NOT_ASSESSED):
            yield finding_of(rule, resource, verdict)
