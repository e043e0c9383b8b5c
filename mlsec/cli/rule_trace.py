"""Why a rule says what it says: a trace per clause, on an example or on a finding."""

from __future__ import annotations

from pathlib import Path

from mlsec.cli.files import load_assessment
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Evidence
from mlsec.core.sanitize import visible
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Verdict
from mlsec.engine.evaluation.property_reader import View
from mlsec.engine.findings.evidence import evidence_of
from mlsec.engine.model.rule import AllOf, AnyOf, Condition, Not, Quantifier, Rule
from mlsec.engine.testing.examples import built_examples
from mlsec.engine.testing.mutate import describe
from mlsec.vocabulary.types import Vocabulary


def explain_example(rule: Rule, which: str, vocabulary: Vocabulary) -> str:
    """Trace every clause on one example (``fail:0``).

    Raises:
        MlsecError: the rule has no such example.
    """
    examples = built_examples(rule, vocabulary)
    for wanted, index, example in examples:
        if which == f"{wanted.value}:{index}":
            evaluator = Evaluator(vocabulary, example.graph, example.now_s)
            verdict = evaluator.judge(rule, example.resource)
            view = evaluator.reader.view(example.resource)
            lines = [f"{rule.id} on example {which}: {verdict.status.value}"]
            if rule.when is not None:
                lines += ["when", *_trace(evaluator, rule.when, view, 1)]
            lines += ["assert", *_trace(evaluator, rule.must, view, 1)]
            return "\n".join([*lines, *_deciding(verdict)])
    known = ", ".join(f"{wanted.value}:{index}" for wanted, index, _ in examples)
    raise MlsecError(f'{rule.id} has no example "{which}"', hint=f"one of {known}")


def explain_finding(rule: Rule, resource_id: str, path: Path) -> str:
    """Show what decided about one resource in a saved assessment.

    Raises:
        MlsecError: no readable assessment, or nothing there about the rule and resource.
    """
    assessment = load_assessment(path)
    for finding in assessment.findings:
        if finding.rule == rule.id and finding.resource.id == resource_id:
            head = f"{rule.id} on {visible(resource_id)}: {finding.status.value}"
            return "\n".join([head, *map(_evidence_line, finding.evidence)])
    if resource_id in assessment.passed.get(rule.id, ()):
        return f"{rule.id} on {visible(resource_id)}: pass"
    raise MlsecError(
        f'the assessment says nothing of {rule.id} on "{visible(resource_id)}"', location=str(path)
    )


def _trace(evaluator: Evaluator, condition: Condition, view: View, depth: int) -> list[str]:
    truth = evaluator.truth(condition, view).truth.value
    indent = "  " * depth
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            word = "all" if isinstance(condition, AllOf) else "any"
            inner = [line for p in parts for line in _trace(evaluator, p, view, depth + 1)]
            return [f"{indent}{word}: {truth}", *inner]
        case Not(part=part):
            return [f"{indent}not: {truth}", *_trace(evaluator, part, view, depth + 1)]
        case Quantifier():
            clauses = evaluator.truth(condition, view).clauses
            lines = [f"{indent}  {_evidence_line(e).strip()}" for e in evidence_of(clauses)]
            return [f"{indent}{describe(condition)}: {truth}", *lines]
        case _:
            return [f"{indent}{describe(condition)}: {truth}"]


def _deciding(verdict: Verdict) -> list[str]:
    return ["decided by", *map(_evidence_line, evidence_of(verdict.clauses))]


def _evidence_line(evidence: Evidence) -> str:
    actual = "not read" if evidence.is_unread else visible(str(evidence.actual), 200)
    source = f"  [{evidence.source}]" if evidence.source else ""
    where = f"{visible(evidence.resource)}: " if evidence.resource != "example" else ""
    expected = f"{evidence.operator} {evidence.expected}"
    return f"  {where}{evidence.path} = {actual}   expected {expected}{source}"
