"""Whom random policies let in from outside, held against an independent simulator."""

from __future__ import annotations

import pytest

from tests.providers.aws.external_access.compare import KINDS, compare
from tests.providers.aws.external_access.simulator import needs_simulator

# The simulator's clock stands still: a right that begins in the year 2999 is one that begins.
_SEED, _MOST_ALARMS, _MOST_UNKNOWN = 17, 0.02, 0.03


@needs_simulator
@pytest.mark.parametrize(
    ("kind", "count"), [("buckets", 120), ("keys", 240), ("trust", 240), ("controlled", 20)]
)
def test_nobody_gets_in_of_whom_a_fact_says_that_he_does_not(kind: str, count: int) -> None:
    agree, differences = compare(KINDS[kind], _SEED, count, exotic=False)
    facts = agree + len(differences)
    assert [d for d in differences if d.wrong == "calm"] == []
    alarms = [d for d in differences if d.wrong == "alarm"]
    assert len(alarms) <= _MOST_ALARMS * facts, alarms[:3]
    unknown = [d for d in differences if d.wrong == "unknown"]
    assert len(unknown) <= _MOST_UNKNOWN * facts, unknown[:3]
