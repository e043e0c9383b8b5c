"""Every cloud answers what a concept asks, or says why it has no such thing."""

from __future__ import annotations

import pytest

from docs.concepts import CLOUDS, cells
from tests.shipped import shipped_vocabulary

_VOCABULARY = shipped_vocabulary()
_CELLS = tuple(cells(_VOCABULARY))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_nothing_is_missing_without_a_reason(cloud: str) -> None:
    missing = [
        f"{cell.type or cell.concept} {cell.asked}"
        for cell in _CELLS
        if cell.cloud == cloud and cell.is_missing
    ]
    assert missing == []


def test_no_reason_is_given_for_what_is_answered() -> None:
    for name, concept in _VOCABULARY.types.items():
        if concept.is_concept:
            have = {each.name.partition(".")[0] for each in _VOCABULARY.concrete(name)}
            assert not have & concept.lacks.keys(), name
