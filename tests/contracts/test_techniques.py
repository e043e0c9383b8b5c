"""Each published technique is seen, or says why not; each of ours has its examples."""

from __future__ import annotations

from docs.techniques import techniques_page
from mlsec.engine.testing.technique_examples import run_technique_examples
from mlsec.graph.techniques.published import mistakes_in, shipped_lists
from mlsec.graph.techniques.technique import Technique, Words
from mlsec.targets.facts import FACTS
from mlsec.targets.techniques import all_techniques
from tests.loops import for_each
from tests.shipped import shipped_rules, shipped_vocabulary

TECHNIQUES = [(words, each) for words, listed in all_techniques() for each in listed]


def test_each_published_technique_is_seen_or_says_why_not() -> None:
    assert mistakes_in(shipped_lists(), [technique for _, technique in TECHNIQUES]) == ()


def test_a_rule_that_sees_a_published_technique_is_there() -> None:
    known = {rule.id for rule in shipped_rules().rules}
    named = {
        rule
        for published in shipped_lists().values()
        for entry in published.entries.values()
        for rule in entry.by
    }
    assert named - known == set()


@for_each(("words", "technique"), TECHNIQUES, called=lambda _, technique: technique.id)
def test_a_technique_is_open_and_each_near_miss_is_closed(
    words: Words, technique: Technique
) -> None:
    assert run_technique_examples(technique, words, shipped_vocabulary(), FACTS) == ()


def test_the_page_names_every_technique() -> None:
    page = techniques_page()
    assert [each.id for _, each in TECHNIQUES if f"`{each.id.partition('/')[2]}`" not in page] == []
