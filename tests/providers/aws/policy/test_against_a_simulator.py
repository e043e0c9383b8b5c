"""What identities may do, held against an independent simulator of AWS's policies.

The large run is done by hand: ``python -m tests.providers.aws.policy.comparison``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.providers.aws.policy.comparison import (
    Counts,
    Subject,
    below_organisations,
    compare,
    crossings,
    managed,
    randoms,
)
from tests.providers.aws.policy.simulator import is_installed

pytestmark = pytest.mark.skipif(
    not is_installed(),
    reason="the simulator is not installed: npm ci --prefix tests/emulators",
)
# Of a hundred answers so many may be alarms for nothing, or not be given.
_FALSE_ALARMS, _UNKNOWN = 0.02, 0.03


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


@pytest.mark.parametrize(
    "subjects",
    [
        crossings(_dice(20), 120),
        randoms(_dice(21), 12, exotic=False),
        randoms(_dice(22), 8, exotic=True),
        managed(_dice(23), 40),
        below_organisations(_dice(24), 10),
    ],
    ids=[
        "operators and keys",
        "random policies",
        "rare operators",
        "policies of AWS",
        "below an organisation",
    ],
)
def test_no_right_that_the_simulator_finds_is_missed(subjects: Sequence[Subject]) -> None:
    counts: Counts = compare(subjects)
    assert counts.examples.get("false_calm", []) == []
    assert counts.false_alarm <= _FALSE_ALARMS * counts.total, counts.examples
    assert counts.unknown <= _UNKNOWN * counts.total, counts.examples
    assert counts.total > 20 * len(subjects)
