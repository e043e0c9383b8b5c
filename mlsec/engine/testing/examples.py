"""Run a rule's own examples: each document must get the verdict it is listed under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.enums import Status
from mlsec.core.finding import Evidence
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Verdict
from mlsec.engine.findings.evidence import evidence_of
from mlsec.engine.model.rule import Examples, Rule
from mlsec.engine.rules.documents import Example, build_example
from mlsec.vocabulary.types import Vocabulary


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """An example that got another verdict than it is listed under; ``index`` counts from 0."""

    rule: str
    wanted: Status
    index: int
    got: Status
    document: Mapping[str, Any]
    evidence: tuple[Evidence, ...] = ()


def documents_of(examples: Examples) -> Iterator[tuple[Status, int, dict[str, Any]]]:
    """Every example with the status it must get and its index within that kind."""
    kinds = (
        (Status.PASS, examples.passed),
        (Status.FAIL, examples.failed),
        (Status.NOT_ASSESSED, examples.not_assessed),
        (Status.NOT_APPLICABLE, examples.not_applicable),
    )
    for status, documents in kinds:
        for index, document in enumerate(documents):
            yield status, index, document


def built_examples(rule: Rule, vocabulary: Vocabulary) -> list[tuple[Status, int, Example]]:
    """The examples as resources with their little graphs."""
    owner = vocabulary.types[rule.resource]
    return [
        (status, index, build_example(document, owner, vocabulary))
        for status, index, document in documents_of(rule.tests)
    ]


def judge_example(rule: Rule, example: Example, vocabulary: Vocabulary) -> Verdict:
    """Judge one built example at its own clock."""
    return Evaluator(vocabulary, example.graph, example.now_s).judge(rule, example.resource)


def run_examples(rule: Rule, vocabulary: Vocabulary) -> tuple[Disagreement, ...]:
    """Give the examples that did not get their verdict; empty when all did."""
    wrong = []
    documents = {(s, n): document for s, n, document in documents_of(rule.tests)}
    for wanted, index, example in built_examples(rule, vocabulary):
        verdict = judge_example(rule, example, vocabulary)
        if verdict.status is not wanted:
            wrong.append(
                Disagreement(
                    rule=rule.id,
                    wanted=wanted,
                    index=index,
                    got=verdict.status,
                    document=documents[wanted, index],
                    evidence=evidence_of(verdict.clauses),
                )
            )
    return tuple(wrong)
