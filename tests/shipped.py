"""The vocabulary and the rules that ship, read once a process however many tests want them."""

from __future__ import annotations

import functools

from mlsec import pipeline
from mlsec.core.places import content_folder
from mlsec.core.vocabulary import Vocabulary
from mlsec.core.vocabulary_load import load_vocabulary
from mlsec.engine.rule import RuleSet


@functools.cache
def shipped_vocabulary() -> Vocabulary:
    """Give the shipped vocabulary, read from its files."""
    return load_vocabulary(content_folder("rules") / "vocabulary")


@functools.cache
def shipped_rules() -> RuleSet:
    """Give all rules that ship, as a scan without options loads them."""
    return pipeline.load(pipeline.Judging())
