"""What the status line says of the time that is left."""

from __future__ import annotations

import pytest

from mlsec.cli import console


def lines(monkeypatch: pytest.MonkeyPatch, calls: list[tuple[float, str, int, int]]) -> list[str]:
    now = [0.0]
    said: list[str] = []
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(console, "note", said.append)
    progress = console.Progress()
    for at, what, done, total in calls:
        now[0] = at
        progress(what, done, total)
    return said


def test_what_one_piece_of_work_took_says_nothing_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = lines(monkeypatch, [(5.0, "reading", 3, 3), (20.0, "judging", 1, 263)])
    assert said == ["judging  1 of 263"]


def test_time_that_is_left_is_told_by_the_pace_of_the_work_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = lines(monkeypatch, [(100.0, "judging", 1, 100), (120.0, "judging", 41, 100)])
    assert said[-1] == "judging  41 of 100, about 29 s left"


def test_a_line_that_says_nothing_new_comes_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [(10.0 * number, "waiting for a worker", 0, 5) for number in range(1, 15)]
    assert len(lines(monkeypatch, waiting)) == 3
    going = [(10.0 * number, "units ended", number, 50) for number in range(1, 15)]
    assert len(lines(monkeypatch, going)) == 14
