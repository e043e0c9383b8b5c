"""A moment that stands for seconds divides dates exactly as their timestamps are divided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.engine.evaluation.timestamps import first_moment, last_moment

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
CUTS = st.floats(-3e9, 2e11) | st.integers(-(10**9), 10**10).map(float)


@given(cut_s=CUTS, near_us=st.integers(-300, 300), zone=ZONES)
def test_dates_near_a_cut_fall_on_the_side_of_their_timestamp(
    cut_s: float, near_us: int, zone: timezone
) -> None:
    middle = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=cut_s, microseconds=near_us)
    moment = middle.astimezone(zone)
    first, last = first_moment(cut_s), last_moment(cut_s)
    assert first is not None
    assert last is not None
    assert (moment < first) is (moment.timestamp() < cut_s)
    assert (moment > last) is (moment.timestamp() > cut_s)


@pytest.mark.parametrize("cut_s", [1e15, -1e15, float("inf"), float("nan")])
def test_a_cut_outside_all_years_has_no_moment(cut_s: float) -> None:
    assert first_moment(cut_s) is None
    assert last_moment(cut_s) is None
