"""The vocabulary and the rules that ship, read once a process however many tests want them."""

from __future__ import annotations

import functools

from mlsec import pipeline
from mlsec.artifacts.facts import FactKind
from mlsec.engine.model.rule import Quantifier, Rule, RuleSet
from mlsec.vocabulary.types import Vocabulary


def shipped_vocabulary() -> Vocabulary:
    """Give the shipped vocabulary."""
    return shipped_rules().vocabulary


@functools.cache
def shipped_rules() -> RuleSet:
    """Give all rules that ship, as a scan without options loads them."""
    return pipeline.load(pipeline.Judging())


def rules_of_facts() -> tuple[Rule, ...]:
    """Give the shipped rules that judge the facts of a file or folder."""
    owners = ("files.artifact", "files.folder")
    return tuple(
        rule
        for rule in shipped_rules().rules
        if rule.resource in owners
        and isinstance(rule.must, Quantifier)
        and rule.must.path == "detections"
    )


def kinds_of(rule: Rule) -> set[FactKind]:
    """Give the kinds of facts that fail a rule, by its own examples."""
    facts = (fact for one in rule.tests.failed for fact in one.get("detections", ()))
    return {FactKind(fact["kind"]) for fact in facts}
