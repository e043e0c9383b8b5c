"""The trend page in a browser: nothing loaded, axe content, no sideways scroll, hostile names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.trend import FixTime, OpenFailure, Trend, TrendLine, TrendPoint
from mlsec.render.trend.page import render_trend
from tests.browser_checks import command_and_environment

HOSTILE = '"><script>window.__xss=1</script><img src=x onerror=alert(1)>\u202e\x1b[31m' + "n" * 300
CHECKER = Path(__file__).parent / "trend_page.mjs"


def trend(scans: int) -> Trend:
    """A series with hostile names everywhere, one scan of which could not read something."""
    counts = tuple((7 * place) % 5 for place in range(scans))
    lines = tuple(TrendLine(name=name, open=counts) for name in ("critical", HOSTILE, ""))
    return Trend(
        targets=(HOSTILE,),
        points=tuple(
            TrendPoint(
                scan=place + 1,
                finished_at=f"2026-11-{place + 1:02}T08:00:00Z",
                failing=count,
                not_assessed=int(place == scans - 1),
                waived=0,
                passed=9,
                unread=1,
                changes={"new": 1, "fixed": 2},
            )
            for place, count in enumerate(counts)
        ),
        lines=dict.fromkeys(("severity", "provider", "account", "concern"), lines),
        fix_times=tuple(
            FixTime(severity=item, fixed=1, median_days=2.5, open=0, median_open_days=None)
            for item in Severity
        ),
        open=(
            OpenFailure(
                finding=Finding(
                    fingerprint="f", rule=HOSTILE, status=Status.FAIL, severity=Severity.HIGH,
                    category=Category.ACCESS, concern=Concern.DATA, message=HOSTILE,
                    resource=Subject(id=HOSTILE, type="t", provider="p", scope=HOSTILE, file="f",
                                     line=3),
                ),
                is_unread=True,
                first_seen="2026-11-01T08:00:00Z",
                open_since="2026-11-02T08:00:00Z",
                last_seen="2026-11-03T08:00:00Z",
                age_days=3,
            ),
        ),
    )  # fmt: skip


def test_page_is_the_same_each_time_and_has_no_script() -> None:
    page = render_trend([trend(7)])
    assert page == render_trend([trend(7)])
    assert b"<script" not in page
    assert b"default-src 'none'" in page


@pytest.mark.parametrize("scans", [1, 7])
def test_page_is_accessible_and_fits_a_phone_in_light_and_dark(scans: int, tmp_path: Path) -> None:
    command, environment = command_and_environment(CHECKER)
    page = tmp_path / "trend.html"
    page.write_bytes(render_trend([trend(scans)]))
    done = subprocess.run(  # noqa: S603 - our own page and checker
        [*command, str(page)], env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["axe"] == {name: [] for name in seen["sideways"]}
    assert set(seen["sideways"].values()) == {0}
    assert (seen["requests"], seen["errors"], seen["unnamed"]) == (0, [], 0)
    assert seen["plots"] == 14
