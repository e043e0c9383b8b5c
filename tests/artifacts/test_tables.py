"""Over every sample that can be built: the hostile are flagged, the honest are not."""

from __future__ import annotations

import pytest

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity
from tests.artifacts.builders import BENIGN, HOSTILE

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}


def flags(found: Inspection) -> list[str]:
    return [
        f"{fact.kind.value} at {fact.place}: {fact.subject} {fact.detail}"
        for fact in found.facts
        if fact.danger in FLAGGING
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sample_is_flagged(name: str) -> None:
    assert flags(inspect(Window.of(HOSTILE[name]())))


@pytest.mark.parametrize("name", BENIGN)
def test_honest_sample_is_not_flagged(name: str) -> None:
    assert flags(inspect(Window.of(BENIGN[name]()))) == []


@pytest.mark.parametrize("name", [*HOSTILE, *BENIGN])
def test_same_bytes_bring_the_same_inspection(name: str) -> None:
    data = {**HOSTILE, **BENIGN}[name]()
    assert inspect(Window.of(data)) == inspect(Window.of(data))
