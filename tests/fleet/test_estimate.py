"""The model of docs/scale.md: its page says what it gives, and it follows what was measured."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from docs.scale import constants, predictions
from mlsec.fleet.estimate import Scopes, estimate

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text("utf-8")


def test_the_page_has_the_tables_of_the_model() -> None:
    for table in (constants(), predictions()):
        assert "\n".join(table) in PAGE, "python -m docs.scale prints them"


# Calls, seconds, MiB of the process and kB of evidence: python -m tests.bench fleet, 2026-11-30;
# accounts over TLS, with the hosts of AWS.
MEASURED = (
    ("aws", 1, 0, 125, 5.2, 107, 86),
    ("aws", 6, 0, 667, 5.0, 147, 246),
    ("aws", 12, 0, 1_327, 9.9, 194, 446),
    ("aws", 20, 0, 2_207, 18.7, 257, 705),
    ("aws", 2, 20, 507, 4.6, 118, 283),
    ("aws", 2, 100, 1_619, 9.7, 125, 913),
    ("azure", 1, 20, 1_190, 9.1, 98, 1_008),
    ("azure", 1, 100, 5_738, 28.4, 135, 4_751),
    ("gcp", 1, 100, 725, 6.1, 90, 479),
)


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: "-".join(map(str, case[:3])))
def test_one_scope_costs_about_what_was_measured(
    case: tuple[str, int, int, int, float, int, int],
) -> None:
    provider, regions, deployments, calls, seconds, mib, evidence_kb = case
    one = estimate(
        [Scopes(provider=provider, count=1, regions=regions, deployments=deployments)], slots=1
    )
    assert one.calls == pytest.approx(calls, rel=0.35)
    assert one.worker_mib == pytest.approx(mib, rel=0.15)
    assert one.evidence_bytes == pytest.approx(evidence_kb * 1000, rel=0.35)
    assert one.collect_s / 1.15 == pytest.approx(seconds, rel=0.35)


def test_twice_the_slots_halve_the_time_until_a_lane_is_full() -> None:
    many = [Scopes(provider="azure", count=800)]
    times = [estimate(many, slots, lanes={"azure": 8}).collect_s for slots in (2, 4, 8, 16)]
    assert times[0] == pytest.approx(2 * times[1])
    assert times[1] == pytest.approx(2 * times[2])
    assert times[2] == times[3]


def test_nothing_costs_nothing_but_the_judge() -> None:
    none = estimate([], 4)
    assert (none.units, none.calls, none.evidence_bytes) == (0, 0, 0)
    assert msgspec.structs.replace(none, judge_s=0).minutes == 0
