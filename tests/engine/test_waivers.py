"""A waiver stands beside a failure until its last day; it never hides one, and is never silent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsec.core import wildcard
from mlsec.core.assessment import WaiverState
from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.kleene import Verdict
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.waivers.waivers import apply_waivers, load_waivers
from tests.engine.small import load_texts, rule_text

ENTRY = {
    "id": "W1",
    "rule": "thing/*",
    "resource": "arn:a*",
    "reason": "sandbox",
    "owner": "ml-platform",
    "expires": "2026-03-31",
}


def write(folder: Path, *entries: dict[str, str]) -> Path:
    lines = ["waivers:"]
    for entry in entries:
        pairs = ", ".join(f'{key}: "{value}"' for key, value in entry.items())
        lines.append(f"  - {{{pairs}}}")
    path = folder / "waivers.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def apply(
    folder: Path,
    entry: dict[str, str],
    clock: datetime,
    ids: tuple[str, ...] = ("arn:a1", "arn:b1"),
) -> tuple[tuple[Finding, ...], WaiverState]:
    ruleset = load_texts(folder, rule_text(aliases="[thing/old]"))
    fail = Verdict(status=Status.FAIL)
    findings = [
        finding_of(
            ruleset.rules[0],
            Resource(id=name, type="cloud.notebook", provider="p", scope="aws/1"),
            fail,
        )
        for name in ids
    ]
    waivers = load_waivers(write(folder, entry))
    marked, (state,) = apply_waivers(findings, waivers, clock, ruleset)
    return marked, state


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "is_waived", "state"),
    [
        ("2026-01-01T00:00:00", True, "used"),
        ("2026-03-31T23:59:59", True, "used"),
        ("2026-04-01T00:00:00", False, "expired"),
    ],
)
def test_the_last_day_counts_and_the_next_does_not(
    tmp_path: Path, now: str, is_waived: bool, state: str
) -> None:
    marked, found = apply(tmp_path, ENTRY, day(now))
    assert [finding.waiver is not None for finding in marked] == [is_waived, False]
    assert (found.state, found.findings) == (state, 1)


def test_a_waived_failure_stays_a_failure(tmp_path: Path) -> None:
    marked, _ = apply(tmp_path, ENTRY, day("2026-01-01"))
    assert marked[0].status is Status.FAIL
    assert marked[0].waiver is not None
    assert marked[0].waiver.owner == "ml-platform"


@pytest.mark.parametrize(("now", "near"), [("2026-03-16", False), ("2026-03-17", True)])
def test_the_last_fourteen_days_are_near_the_end(tmp_path: Path, now: str, near: bool) -> None:
    _, state = apply(tmp_path, ENTRY, day(now))
    assert state.is_near_end is near


def test_who_approved_when_and_what_limits_the_risk_reach_the_report(tmp_path: Path) -> None:
    more = {
        "approver": "ciso@example.com",
        "granted": "2026-01-02",
        "compensating_control": "No route to the internet.",
        "ticket": "T-1",
    }
    marked, state = apply(tmp_path, {**ENTRY, **more}, day("2026-02-01T00:00:00"))
    waiver = marked[0].waiver
    assert waiver is not None
    for name, value in more.items():
        assert getattr(waiver, name) == getattr(state, name) == value


def test_a_waiver_that_covers_nothing_is_unused(tmp_path: Path) -> None:
    _, state = apply(tmp_path, {**ENTRY, "resource": "arn:z*"}, day("2026-01-01"))
    assert state.state == "unused"


def test_a_waiver_may_name_an_old_id(tmp_path: Path) -> None:
    _, state = apply(tmp_path, {**ENTRY, "rule": "thing/old"}, day("2026-01-01"))
    assert state.state == "used"


def test_a_waiver_of_another_scope_does_not_cover(tmp_path: Path) -> None:
    _, state = apply(tmp_path, {**ENTRY, "scope": "aws/2"}, day("2026-01-01"))
    assert state.state == "unused"


@pytest.mark.parametrize(
    ("change", "count", "is_broad"),
    [
        ({"rule": "*"}, 2, True),
        ({"resource": "*"}, 2, True),
        ({}, 2, False),
        ({}, 8, True),
    ],
)
def test_any_rule_any_resource_or_a_quarter_of_all_failures_is_broad(
    tmp_path: Path, change: dict[str, str], count: int, is_broad: bool
) -> None:
    ids = tuple(f"arn:a{n}" for n in range(count))
    _, state = apply(tmp_path, {**ENTRY, **change}, day("2026-01-01"), ids)
    assert state.is_broad is is_broad


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({k: v for k, v in ENTRY.items() if k != "owner"}, '2:5: a waiver needs "owner"'),
        ({k: v for k, v in ENTRY.items() if k != "reason"}, '2:5: a waiver needs "reason"'),
        ({k: v for k, v in ENTRY.items() if k != "expires"}, '2:5: a waiver needs "expires"'),
        ({**ENTRY, "expires": "soon"}, '"soon" is not a day such as 2027-01-31'),
        ({**ENTRY, "expires": "2026-02-30"}, '"2026-02-30" is not a day'),
        ({**ENTRY, "granted": "last week"}, '"last week" is not a day such as 2026-10-01'),
        ({**ENTRY, "granted": "2099-01-01"}, "before it expires"),
        ({**ENTRY, "reason": " "}, '"reason" must be text that is not empty'),
        ({**ENTRY, "expiry": "x"}, 'unknown key "expiry"; did you mean "expires"?'),
    ],
)
def test_an_incomplete_waiver_is_refused_with_its_place(
    tmp_path: Path, entry: dict[str, str], sentence: str
) -> None:
    with pytest.raises(MlsecError) as caught:
        load_waivers(write(tmp_path, entry))
    assert "waivers.yaml:2:" in str(caught.value)
    assert sentence in str(caught.value)


def test_two_waivers_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match='waiver id "W1" is used twice'):
        load_waivers(write(tmp_path, ENTRY, ENTRY))


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:*:x", "arn:a:x", True), ("arn:*:x", "arn:a:y", False), ("a?c", "abc", True),
        ("a?c", "ac", False), ("*", "", True), ("[a]", "a", False), ("[a]", "[a]", True),
        ("a*b*c", "a--b--c", True), ("", "", True), ("*" * 40 + "x", "a" * 5000, False),
    ],
)  # fmt: skip
def test_only_star_and_question_mark_are_special(pattern: str, text: str, matches: bool) -> None:
    assert wildcard.matches(pattern, text) is matches
