"""Techniques as text for a terminal, and the run of their examples."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from mlsec.cli import console
from mlsec.core.errors import MlsecError
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.testing.technique_examples import count_examples, run_technique_examples
from mlsec.graph.techniques.technique import Technique, Words
from mlsec.targets.facts import FACTS
from mlsec.targets.techniques import all_techniques
from mlsec.vocabulary.types import Vocabulary


def technique_lines(globs: Sequence[str]) -> list[str]:
    """Give one line for each technique: id, what it gives, its rights.

    Raises:
        MlsecError: a glob that matches nothing.
    """
    names = [technique.id for _, technique in _chosen(())]
    for glob in globs:
        if not fnmatch.filter(names, glob):
            suggestion = did_you_mean(glob, names)
            raise MlsecError(f'no technique matches "{glob}"{suggestion}')
    chosen = [technique for _, technique in _chosen(globs)]
    lines = [f"{item.id:<52} {item.gives.value:<9} {item.label}" for item in chosen]
    return [*lines, _count(len(chosen), "technique")]


def try_techniques(globs: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Run the examples of the techniques that the globs mean; say whether one failed."""
    chosen = _chosen(globs)
    failed = set()
    for words, technique in chosen:
        for mistake in run_technique_examples(technique, words, vocabulary, FACTS):
            failed.add(technique.id)
            console.out(f"fail[{mistake.technique}] {mistake.what}\n  --> {mistake.place}")
    if chosen:
        examples = _count(count_examples(technique for _, technique in chosen), "example")
        console.out(f"{_count(len(chosen), 'technique')}, {examples}, {len(failed)} failed")
    return bool(failed)


def globs_of_rules(globs: Sequence[str]) -> list[str]:
    """Leave out the globs that mean techniques."""
    names = [technique.id for _, technique in _chosen(())]
    return [glob for glob in globs if not any(fnmatch.fnmatchcase(n, glob) for n in names)]


def _chosen(globs: Sequence[str]) -> list[tuple[Words, Technique]]:
    return [
        (words, technique)
        for words, techniques in all_techniques()
        for technique in techniques
        if not globs or any(fnmatch.fnmatchcase(technique.id, glob) for glob in globs)
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
