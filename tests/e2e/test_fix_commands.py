"""The commands of fixes, printed for a failure of each rule on a resource that was collected.

What a person chooses, and every secret, is marked in the command itself. Everything else has to be
filled from the finding; what is not, is a command that cannot be pasted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from mlsec.core.catalogue import Fix
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.fix_template import CHOICE, choice, holes
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.findings.fix_facts import FixFacts
from mlsec.engine.findings.subject import subject_of
from mlsec.engine.model.rule import Rule
from mlsec.engine.rules.documents import Example
from mlsec.engine.testing.examples import built_examples
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.render.command import fill_command
from mlsec.targets.facts import FACTS
from tests.e2e.conftest import Whole
from tests.shipped import shipped_rules, shipped_vocabulary

# How many of a hundred commands print with nothing left open but choices and secrets.
FLOORS = {"aws": 90, "azure": 92, "gcp": 90}


class Joined:
    """The relations of an example, and for those that it leaves out the ones of the real thing."""

    def __init__(self, example: Example, graph: Graph, real: Resource) -> None:
        self._example, self._graph, self._real = example, graph, real

    def targets(self, resource: Resource, relation: str) -> Any:
        given = self._example.graph.targets(self._example.resource, relation)
        if resource.id != self._real.id:
            return self._graph.targets(resource, relation)
        return given if given.resources else self._graph.targets(self._real, relation)


def failure(rule: Rule, whole: Whole, graph: Graph) -> Finding | None:
    """Give a failure of the rule that was found, or its own example on a resource of its type."""
    for finding in whole.assessment.findings:
        if finding.rule == rule.id and finding.status is Status.FAIL:
            return finding
    for status, _, example in built_examples(rule, shipped_vocabulary()):
        if status is Status.FAIL:
            return _on_real(rule, example, whole, graph)
    return None


def _on_real(rule: Rule, example: Example, whole: Whole, graph: Graph) -> Finding | None:
    vocabulary = shipped_vocabulary()
    kinds = {kind.name for kind in vocabulary.concrete(rule.resource)}
    real = next((r for r in whole.resources.values() if r.type in kinds and not r.is_stub), None)
    if real is None:
        return None
    verdict = Evaluator(vocabulary, example.graph, example.now_s).judge(rule, example.resource)
    said = {k: v for k, v in example.resource.properties.items() if v not in (None, [], {})}
    resource = msgspec.structs.replace(real, properties={**real.properties, **said})
    finding = finding_of(rule, example.resource, verdict)
    evidence = tuple(
        msgspec.structs.replace(item, resource=real.id)
        if item.resource == example.resource.id
        else item
        for item in finding.evidence
    )
    failed = msgspec.structs.replace(finding, resource=subject_of(resource), evidence=evidence)
    facts = FixFacts(vocabulary, Joined(example, graph, real), [rule])
    return facts.complete(failed, resource)


def left_open(fix: Fix, finding: Finding) -> list[str]:
    """Give the holes that the finding does not fill."""
    template = f"{fix.cli}\n{fix.keep or ''}"
    marks = set(CHOICE.findall(fill_command(template, finding)))
    meant = set(CHOICE.findall(template))
    return [hole for hole in holes(template) if choice(hole) in marks - meant]


def commands(provider: str) -> Iterator[tuple[Rule, Fix]]:
    for rule in shipped_rules().rules:
        is_own = rule.resource.startswith(f"{provider}.")
        fix = rule.fix.on(provider) if is_own or provider in rule.fix.parts else None
        if fix is not None and fix.cli:
            yield rule, fix


@pytest.mark.parametrize("provider", FLOORS)
def test_most_commands_can_be_pasted_as_they_are_printed(
    provider: str, wholes: Callable[[str], Whole]
) -> None:
    whole = wholes(provider)
    graph = build_graph(shipped_vocabulary(), whole.inventory, FACTS)
    opened: dict[str, list[str]] = {}
    count = 0
    for rule, fix in commands(provider):
        finding = failure(rule, whole, graph)
        count += 1
        left = ["no resource"] if finding is None else left_open(fix, finding)
        if left:
            opened[rule.id] = left
    share = 100 * (count - len(opened)) / count
    assert share >= FLOORS[provider], summary(opened, count)


def summary(opened: Mapping[str, list[str]], count: int) -> str:
    lines = (f"{rule}: {', '.join(left)}" for rule, left in sorted(opened.items()))
    return f"{count - len(opened)} of {count} can be pasted; open:\n" + "\n".join(lines)
