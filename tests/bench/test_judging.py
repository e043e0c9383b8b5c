"""The judging that the evaluation bench times starts: a bench that nobody runs breaks unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.bench.judging import compare, verdicts
from tests.bench.made_documents import write_lines
from tests.bench.made_rules import write_rules

CLOCK = datetime(2026, 11, 24, tzinfo=UTC)
RESOURCES = 40


def test_made_resources_are_judged_and_what_lacks_its_data_is_counted(tmp_path: Path) -> None:
    lines = tmp_path / "made.ndjson"
    write_lines(lines, CLOCK, RESOURCES)
    ruleset = write_rules(tmp_path)
    found = verdicts(ruleset, lines, CLOCK)
    assert found["failed"]
    assert found["unread"] > 0
    timed = compare(ruleset, lines, CLOCK, rounds=1)
    assert {"msgspec", "judge"} <= set(timed)
