"""Over every sample that can be built: the hostile are flagged, the honest are not."""

from __future__ import annotations

import functools

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import BENIGN, HOSTILE
from tests.loops import for_each

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}


def flags(found: Inspection) -> list[str]:
    return [
        f"{fact.kind.value} at {fact.place}: {fact.subject} {fact.detail}"
        for fact in found.facts
        if fact.danger in FLAGGING
    ]


@functools.cache
def first(is_hostile: bool, name: str) -> tuple[bytes, Inspection]:
    """Build a sample and read it, once for all that is asked about it."""
    data = (HOSTILE if is_hostile else BENIGN)[name]()
    return data, inspect(Window.of(data))


@for_each("name", HOSTILE)
def test_hostile_sample_is_flagged(name: str) -> None:
    assert flags(first(True, name)[1])


@for_each("name", BENIGN)
def test_honest_sample_is_not_flagged(name: str) -> None:
    assert flags(first(False, name)[1]) == []


@for_each(
    ("is_hostile", "name"),
    [*((True, name) for name in HOSTILE), *((False, name) for name in BENIGN)],
)
def test_same_bytes_bring_the_same_inspection(is_hostile: bool, name: str) -> None:
    data, found = first(is_hostile, name)
    assert inspect(Window.of(data)) == found
