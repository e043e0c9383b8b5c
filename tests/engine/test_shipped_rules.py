"""Every shipped rule gives its examples their verdicts, and no changed clause goes unnoticed."""

from __future__ import annotations

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.strict_yaml import parse
from mlsec.engine.rules.check import check_rule
from mlsec.engine.rules.links_check import KnownControls
from mlsec.engine.rules.load import load_content, load_known_controls, rule_files
from mlsec.engine.testing.examples import run_examples
from mlsec.engine.testing.mutate import surviving_mutants
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import shipped_vocabulary

RULES = content_folder("rules")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return shipped_vocabulary()


@pytest.fixture(scope="module")
def known() -> KnownControls:
    return load_known_controls(RULES / "frameworks")


@pytest.mark.parametrize("tenth", range(10))
def test_the_rules_are_sound_and_their_examples_are_decisive(
    tenth: int, vocabulary: Vocabulary, known: KnownControls
) -> None:
    offenders = []
    for path in rule_files((RULES,))[tenth::10]:
        rule, mistakes = check_rule(parse(path.read_text("utf-8"), str(path)), vocabulary, known)
        wrong = [str(error) for error in mistakes.errors] or [f"{path}: no rule"] * (rule is None)
        if rule is not None:
            wrong += run_examples(rule, vocabulary)
            wrong += map(str, surviving_mutants(rule, vocabulary))
        offenders += [f"{path.parent.name}/{path.stem}: {each}" for each in wrong]
    assert offenders == []


def test_the_shipped_rules_load_together() -> None:
    assert len(load_content(RULES).rules) == len(rule_files((RULES,)))
