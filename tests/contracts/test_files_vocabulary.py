"""What the readers of model files say, the vocabulary and the rules know."""

from __future__ import annotations

import pytest

from mlsec.artifacts.facts import FactKind
from mlsec.core.content_paths import content_folder
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.selection import load_selected
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import kinds_of, shipped_vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return shipped_vocabulary()


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load_selected(content_folder("rules"), (), ())


@pytest.mark.parametrize("type_name", ["files.artifact", "files.folder"])
def test_vocabulary_names_every_kind_of_fact(vocabulary: Vocabulary, type_name: str) -> None:
    kinds = vocabulary.types[type_name].properties["detections"].items["kind"].enum
    assert set(kinds) == {kind.value for kind in FactKind}


@pytest.mark.parametrize("kind", FactKind, ids=lambda kind: kind.value)
def test_every_kind_of_fact_has_a_rule(ruleset: RuleSet, kind: FactKind) -> None:
    """A fact that no rule reads would be found and never told."""
    assert [
        rule.id
        for rule in ruleset.rules
        if rule.resource == "files.artifact" and kind in kinds_of(rule)
    ]
