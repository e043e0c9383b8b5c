"""The past scans of the same targets: what each changed, and since when every failure is open."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.history.database import clear_errors, open_history
from mlsec.history.diff import Change, View
from mlsec.history.passed import pack, unpack

_HEAD = ("fingerprint", "rule", "severity", "category", "concern", "message", "resource")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as the history has it. ``state`` is ``fail`` or what a Change says of it.

    It is so since ``changed_scan`` and was last confirmed by ``last_scan``.
    """

    id: int
    state: str
    first_scan: int
    changed_scan: int
    last_scan: int
    finding: Finding


class PastScan(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded scan; ``changes`` counts failures by the value of their Change."""

    id: int
    targets: tuple[str, ...]
    finished_at: str
    tool: str
    passed: int
    failed: int
    not_assessed: int
    changes: Mapping[str, int]


FAILING = "fail"
_OPEN = (FAILING, Change.NOT_ASSESSED_NOW.value)


class History:
    """One file, many series: scans of the same targets are compared with each other only.

    Folders of the same name in two repositories are two targets.
    """

    def __init__(self, path: Path, *, is_new_allowed: bool = False) -> None:
        self._path = path
        self._connection, self._guard = open_history(path, is_new_allowed=is_new_allowed)

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
            digest = _digest(assessment)
            if self._rows("SELECT 1 FROM scan WHERE series = ? AND digest = ?", series, digest):
                return None
            self._check_order(series, assessment.scan.finished_at)
            scan = self._add_scan(series, digest, assessment)
            changes = self._compare(series, scan, assessment, passed)
            counted = Counter(change.value for change in changes)
            self._write(
                "UPDATE scan SET changes = ? WHERE id = ?",
                _text(dict(sorted(counted.items()))),
                scan,
            )
            passed_now = pack(assessment.passed)
            self._write("UPDATE series SET passed = ? WHERE id = ?", passed_now, series)
            return next(past for past in self.scans() if past.id == scan)

    def scans(self) -> list[PastScan]:
        """Give every recorded scan, by targets and then in the order they were recorded."""
        with clear_errors(self._path):
            return self._scans()

    def _scans(self) -> list[PastScan]:
        rows = self._rows(
            "SELECT scan.id, targets, finished_at, tool, scan.passed, failed, not_assessed, changes"
            " FROM scan JOIN series ON series.id = scan.series"
        )
        rows.sort(key=lambda row: (row[1], row[0]))
        names = PastScan.__struct_fields__
        read = msgspec.json.decode
        return [
            msgspec.convert(
                dict(zip(names, (row[0], read(row[1]), *row[2:7], read(row[7])), strict=True)),
                PastScan,
            )
            for row in rows
        ]

    def open_failures(self) -> list[State]:
        """Give what fails or failed when last seen, the longest open first, then the worst."""
        with clear_errors(self._path):
            states = sorted(self._states("state IN (?, ?)", *_OPEN), key=_rank)
            scans = {row[0] for row in self._rows("SELECT id FROM scan")}
            if not scans.issuperset(i for s in states for i in (s.first_scan, s.changed_scan)):
                raise ValueError("a failure belongs to a scan that is not there")
            return states

    def _series(self, assessment: Assessment) -> tuple[int, dict[str, Any]]:
        query = "SELECT id, passed FROM series WHERE targets = ?"
        key = _text(_names(assessment))
        if not self._rows(query, key):
            self._go_on_with_older(key, assessment)
        insert = "INSERT OR IGNORE INTO series (targets, passed) VALUES (?, ?)"
        self._write(insert, key, pack({}))
        [(series, passed)] = self._rows(query, key)
        return series, unpack(passed)

    def _go_on_with_older(self, key: str, assessment: Assessment) -> None:
        """Take over what was recorded when all repositories of one name were one series.

        It is this repository's if the scan sees at least half of what it has as open; that of
        another stays as it is, and what two mixed goes to the one that has more of it.
        """
        plain = _text(list(assessment.scan.targets))
        for (series,) in self._rows("SELECT id FROM series WHERE targets = ?", plain):
            states = self._states("series = ?", series)
            is_open = {state.finding.fingerprint for state in states if state.state in _OPEN}
            seen = {finding.fingerprint for finding in assessment.findings}
            if 2 * len(is_open & seen) >= len(is_open):
                self._write("UPDATE series SET targets = ? WHERE id = ?", key, series)

    def _check_order(self, series: int, finished_at: str) -> None:
        [(latest,)] = self._rows("SELECT max(finished_at) FROM scan WHERE series = ?", series)
        if latest is not None and finished_at < latest:
            raise MlsecError(
                f"a scan of {latest} is recorded already, this one is of {finished_at}",
                hint="record scans in the order in which their evidence was taken",
                location=str(self._path),
            )

    def _add_scan(self, series: int, digest: str, assessment: Assessment) -> int:
        totals, tool = assessment.totals, assessment.tool
        self._write(
            "INSERT INTO scan (series, digest, finished_at, tool, rules_digest, passed, failed,"
            " not_assessed, changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')",
            series, digest, assessment.scan.finished_at, tool.version, tool.rules_digest,
            totals.passed, totals.failed, totals.not_assessed,
        )  # fmt: skip
        [(scan,)] = self._rows("SELECT last_insert_rowid()")
        return int(scan)

    def _compare(
        self, series: int, scan: int, assessment: Assessment, passed: Mapping[str, list[str]]
    ) -> Iterator[Change]:
        known = {state.finding.fingerprint: state for state in self._states("series = ?", series)}
        once_passed = {(rule, id_) for rule, ids in passed.items() for id_ in ids}
        view = View(assessment)
        for finding in assessment.findings:
            if finding.status is not Status.FAIL:
                continue
            before = known.pop(finding.fingerprint, None)
            if before is None:
                self._begin(series, scan, finding)
                has_passed = (finding.rule, finding.resource.id) in once_passed
                yield Change.REGRESSED if has_passed else Change.NEW
            else:
                self._go_on(before, scan, FAILING, finding)
                yield _of_known(before.state)
        for before in known.values():
            if before.state in _OPEN:
                change = view.of_absent(before.finding)
                state = FAILING if change is Change.UNCHANGED else change.value
                self._go_on(before, scan, state, before.finding)
                yield change

    def _begin(self, series: int, scan: int, finding: Finding) -> None:
        self._write(
            "INSERT INTO finding (series, fingerprint, state, first_scan, changed_scan, last_scan,"
            " head) VALUES (?, ?, ?, ?, ?, ?, ?)",
            series, finding.fingerprint, FAILING, scan, scan, scan, _head(finding),
        )  # fmt: skip

    def _go_on(self, before: State, scan: int, state: str, finding: Finding) -> None:
        changed = before.changed_scan
        if state != before.state:
            changed = scan
            self._write(
                "INSERT INTO past VALUES (?, ?, ?, ?)",
                before.id, before.state, before.changed_scan, before.last_scan,
            )  # fmt: skip
        self._write(
            "UPDATE finding SET state = ?, changed_scan = ?, last_scan = ?, head = ? WHERE id = ?",
            state, changed, scan, _head(finding), before.id,
        )  # fmt: skip

    def _states(self, condition: str, *values: Any) -> list[State]:
        rows = self._rows(
            "SELECT id, state, first_scan, changed_scan, last_scan, head FROM finding"  # noqa: S608
            f" WHERE {condition}",
            *values,
        )
        names = State.__struct_fields__
        read = msgspec.json.Decoder(Finding).decode
        return [
            msgspec.convert(dict(zip(names, (*row[:5], read(row[5])), strict=True)), State)
            for row in rows
        ]

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


def _names(assessment: Assessment) -> list[str]:
    """Name the targets, each with what distinguishes it from another of its name."""
    scan = assessment.scan
    known = {} if isinstance(scan.identities, msgspec.UnsetType) else scan.identities
    return [f"{name} ({known[name]})" if name in known else name for name in scan.targets]


def _rank(state: State) -> tuple[int, int, str, str]:
    finding = state.finding
    return state.first_scan, finding.severity.rank, finding.rule, finding.fingerprint


def _of_known(state: str) -> Change:
    """Say what a failure is that the history knows: what was not assessed was not mended."""
    if state == Change.FIXED.value:
        return Change.REGRESSED
    return Change.UNCHANGED if state in _OPEN else Change.NEW


def _head(finding: Finding) -> str:
    """Keep of a finding what says a reader which it is; its evidence stays in the assessment."""
    built = msgspec.to_builtins(finding)
    kept = {name: built[name] for name in _HEAD} | {"status": Status.FAIL.value}
    return _text(kept)


def _digest(assessment: Assessment) -> str:
    """Name a judgement: the same evidence under the same rules and parameters is one scan."""
    scan, tool = assessment.scan, assessment.tool
    parts = (scan.snapshot_digest, scan.finished_at, tool.rules_digest, _text(scan.parameters))
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
