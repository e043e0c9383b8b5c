"""The past scans of the same targets: what each changed, and since when every failure is open."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.core.trend import Trend
from mlsec.history.database import VERSION, clear_errors, open_history
from mlsec.history.passed import pack, unpack
from mlsec.history.queries import OPEN, PastScan, Rows, State, lives, past_scans, states
from mlsec.history.series import (
    as_text,
    find_series,
    is_judged_alike,
    judged_by,
    scan_digest,
    series_key,
)
from mlsec.history.since_last import mark_since_last
from mlsec.history.transitions import Transition, transitions
from mlsec.history.trend import trends

T = TypeVar("T")
_HEAD = ("fingerprint", "rule", "severity", "category", "concern", "message", "resource")


class History:
    """One file, many series: scans of the same targets are compared with each other only.

    Folders of the same name in two repositories are two targets.
    """

    def __init__(
        self, path: Path, *, is_new_allowed: bool = False, is_snapshot: bool = False
    ) -> None:
        self._path = path
        self._connection, self._guard = open_history(
            path, is_new_allowed=is_new_allowed, is_snapshot=is_snapshot
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._connection.close()

    def record(self, assessment: Assessment) -> PastScan | None:
        """Add a scan, whole or not at all; None when it is there already.

        Raises:
            MlsecError: a later scan of these targets was recorded before, or the disk is full.
        """
        with clear_errors(self._path), self._writing():
            series, passed = self._series(assessment)
            digest = scan_digest(assessment)
            if self._rows("SELECT 1 FROM scan WHERE series = ? AND digest = ?", series, digest):
                return None
            self._check_order(series, assessment.scan.finished_at)
            steps = list(
                transitions(
                    states(self._rows, series),
                    passed,
                    assessment,
                    has_same_rules=self._has_same_rules(series, assessment),
                )
            )
            scan = self._add_scan(series, digest, assessment)
            for step in steps:
                self._write_transition(series, scan, step)
            counted = Counter(step.counts_as for step in steps if step.counts_as)
            self._write(
                "UPDATE scan SET changes = ? WHERE id = ?",
                as_text(dict(sorted(counted.items()))),
                scan,
            )
            passed_now = pack(assessment.passed)
            self._write("UPDATE series SET passed = ? WHERE id = ?", passed_now, series)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            return next(past for past in past_scans(self._rows) if past.id == scan)

    def marked(self, assessment: Assessment) -> Assessment:
        """Give an assessment with what changed since the last recorded scan; nothing is written."""
        with clear_errors(self._path):
            return mark_since_last(self._rows, assessment)

    def read(self, ask: Callable[[Rows], T]) -> T:
        """Give what a function reads."""
        with clear_errors(self._path):
            return ask(self._rows)

    def scans(self) -> list[PastScan]:
        """Give every recorded scan, by targets and then in the order they were recorded."""
        with clear_errors(self._path):
            return past_scans(self._rows)

    def trends(self) -> tuple[Trend, ...]:
        """Give what was open at each scan of each series, its age, and how long fixing took."""
        with clear_errors(self._path):
            return trends(past_scans(self._rows), lives(self._rows, states(self._rows)))

    def open_failures(self) -> list[State]:
        """Give what fails or failed when last seen, the longest open first, then the worst."""
        with clear_errors(self._path):
            failures = sorted(states(self._rows, of=OPEN), key=_rank)
            scans = {row[0] for row in self._rows("SELECT id FROM scan")}
            if not scans.issuperset(i for s in failures for i in (s.first_scan, s.changed_scan)):
                raise ValueError("a failure belongs to a scan that is not there")
            return failures

    def _series(self, assessment: Assessment) -> tuple[int, dict[str, list[str]]]:
        """Give the series of a scan, begun where there is none, and what passed in its last one."""
        key, series = series_key(assessment), find_series(self._rows, assessment)
        if series is None:
            self._write("INSERT INTO series (targets, passed) VALUES (?, ?)", key, pack({}))
        elif not self._rows("SELECT 1 FROM series WHERE id = ? AND targets = ?", series, key):
            self._write("UPDATE series SET targets = ? WHERE id = ?", key, series)
        [(number, passed)] = self._rows("SELECT id, passed FROM series WHERE targets = ?", key)
        return number, unpack(passed)

    def _check_order(self, series: int, finished_at: str) -> None:
        [(latest,)] = self._rows("SELECT max(finished_at) FROM scan WHERE series = ?", series)
        if latest is not None and finished_at < latest:
            raise MlsecError(
                f"a scan of {latest} is recorded already, this one is of {finished_at}",
                hint="record scans in the order in which their evidence was taken",
                location=str(self._path),
            )

    def _has_same_rules(self, series: int, assessment: Assessment) -> bool:
        """Whether the last scan of a series was judged by the same rules."""
        query = (
            "SELECT rules_digest FROM scan WHERE id = (SELECT max(id) FROM scan WHERE series = ?)"
        )
        return any(is_judged_alike(judged, assessment) for (judged,) in self._rows(query, series))

    def _add_scan(self, series: int, digest: str, assessment: Assessment) -> int:
        totals, tool = assessment.totals, assessment.tool
        self._write(
            "INSERT INTO scan (series, digest, finished_at, tool, rules_digest, passed, failed,"
            " not_assessed, changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')",
            series, digest, assessment.scan.finished_at, tool.version, judged_by(assessment),
            totals.passed, totals.failed, totals.not_assessed,
        )  # fmt: skip
        [(scan,)] = self._rows("SELECT last_insert_rowid()")
        return int(scan)

    def _write_transition(self, series: int, scan: int, step: Transition) -> None:
        before, head = step.before, _head(step)
        if before is None:
            self._write(
                "INSERT INTO finding (series, fingerprint, state, first_scan, changed_scan,"
                " last_scan, head) VALUES (?, ?, ?, ?, ?, ?, ?)",
                series, step.finding.fingerprint, step.state, scan, scan, scan, head,
            )  # fmt: skip
            return
        changed = before.changed_scan
        if step.state != before.state:
            changed = scan
            self._write(
                "INSERT INTO past VALUES (?, ?, ?, ?)",
                before.id, before.state, before.changed_scan, before.last_scan,
            )  # fmt: skip
        self._write(
            "UPDATE finding SET state = ?, changed_scan = ?, last_scan = ?, head = ? WHERE id = ?",
            step.state, changed, scan, head, before.id,
        )  # fmt: skip

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._guard.allow_changes()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.commit()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.rollback()
            raise

    def _write(self, query: str, *values: Any) -> None:
        self._guard.change(query, values)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with clear_errors(self._path):
            return self._guard.rows(query, values)


def _rank(state: State) -> tuple[int, int, str, str]:
    finding = state.finding
    return state.first_scan, finding.severity.rank, finding.rule, finding.fingerprint


def _head(step: Transition) -> str:
    """Keep of a finding what says a reader which it is; its evidence stays in the assessment."""
    built = msgspec.to_builtins(step.finding)
    kept = {name: built[name] for name in _HEAD}
    return as_text(kept | {"status": Status.FAIL.value, "change": step.change.value})
