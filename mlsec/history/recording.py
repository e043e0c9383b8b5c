"""Adds one scan to a history, within the transaction of the one writer."""

from __future__ import annotations

from typing import Any

from mlsec.core.assessment import Assessment
from mlsec.core.errors import MlsecError
from mlsec.history.counting import COUNTED_COLUMNS, Account, Counting
from mlsec.history.database import Database
from mlsec.history.findings import (
    FINDING_COLUMNS,
    RENEWED,
    digest_of,
    finding_values,
    renewed_values,
)
from mlsec.history.passed import pack, unpack
from mlsec.history.queries import (
    PastScan,
    ended_failures,
    is_failing,
    known_failures,
    lasting,
    past_scans,
    shown_failures,
)
from mlsec.history.series import (
    as_text,
    epoch_s,
    find_series,
    judged_by,
    scan_digest,
    series_key,
)
from mlsec.history.stored_text import as_it_was
from mlsec.history.transitions import Transition, transitions

_SCAN_COLUMNS = (
    "id, series, before, digest, finished_at, finished_s, tool, rules_digest, passed, failed,"
    " not_assessed, changes, pruned"
)
_STATE = "state = ?, change = ?, noted_scan = ?, opened_scan = ?, changed_scan = ?"


class Recording:
    """One scan on its way into a history; ``place`` is for people."""

    def __init__(self, database: Database, assessment: Assessment, place: str) -> None:
        self._database, self._rows = database, database.rows
        self._assessment, self._place = assessment, place
        self._accounts: dict[Account, int] = {}
        self._new_accounts: list[tuple[int, str, str]] = []
        self._begun: list[tuple[Any, ...]] = []
        self._ended: list[tuple[Any, ...]] = []
        self._moved: list[tuple[Any, ...]] = []
        self._renewed: list[tuple[Any, ...]] = []

    def record(self) -> PastScan | None:
        """Write all that the scan changed; None when it is there already.

        Raises:
            MlsecError: a later scan of these targets was recorded before.
        """
        series, passed = self._series()
        digest = scan_digest(self._assessment)
        if self._rows("SELECT 1 FROM scan WHERE series = ? AND digest = ?", series, digest):
            return None
        last, has_same_rules = self._last(series)
        [(scan,)] = self._rows("SELECT coalesce(max(id), 0) + 1 FROM scan")
        counting = self._compare(series, scan, last, passed, has_same_rules=has_same_rules)
        self._add_scan(series, scan, last, digest, counting.changes)
        self._write(scan, counting)
        self._database.change(
            "UPDATE series SET passed = ?, last_scan = ? WHERE id = ?",
            pack(self._assessment.passed), scan, series,
        )  # fmt: skip
        return next(past for past in past_scans(self._rows) if past.id == scan)

    def _series(self) -> tuple[int, dict[str, list[str]]]:
        """Give the series of a scan, begun where there is none, and what passed in its last one."""
        series = find_series(self._rows, self._assessment)
        if series is None:
            [(series,)] = self._rows("SELECT coalesce(max(id), 0) + 1 FROM series")
            self._database.change(
                "INSERT INTO series (id, targets, passed, last_scan) VALUES (?, ?, ?, 0)",
                series, series_key(self._assessment), pack({}),
            )  # fmt: skip
        [(passed,)] = self._rows("SELECT passed FROM series WHERE id = ?", series)
        return series, unpack(passed)

    def _last(self, series: int) -> tuple[int, bool]:
        """Give the last scan of a series, and whether it was judged by the same rules."""
        query = (
            "SELECT scan.id, finished_at, rules_digest FROM scan JOIN series"
            " ON series.id = scan.series AND scan.id = last_scan WHERE series.id = ?"
        )
        finished_at = self._assessment.scan.finished_at
        for scan, latest, rules in self._rows(query, series):
            if finished_at < latest:
                raise MlsecError(
                    f"a scan of {latest} is recorded already, this one is of {finished_at}",
                    hint="record scans in the order in which their evidence was taken",
                    location=self._place,
                )
            return scan, rules == judged_by(self._assessment)
        return 0, False

    def _compare(
        self, series: int, scan: int, last: int, passed: dict[str, list[str]], *,
        has_same_rules: bool,
    ) -> Counting:  # fmt: skip
        """Find what is to be written, and count what became of each failure."""
        for number, *account in self._rows("SELECT id, provider, scope FROM account"):
            provider, scope = map(as_it_was, account)
            self._accounts[provider, scope] = number
        rows, counting = self._rows, Counting()
        for step in transitions(
            known_failures(rows, series) if last else {},
            lambda names: ended_failures(rows, series, names) if last else {},
            lambda known: shown_failures(rows, series, known),
            passed,
            self._assessment,
            has_same_rules=has_same_rules,
        ):
            counting.add(step.finding, step.state, step.counts_as)
            self._take(step, series, scan, last)
        return counting

    def _take(self, step: Transition, series: int, scan: int, last: int) -> None:
        before, finding, change = step.before, step.finding, step.change._value_
        if before is None:
            now = (step.state, change, scan, scan, scan, scan)
            self._begun.append(finding_values(finding, series, self._account(finding), now))
            return
        if step.state != before.state:
            ended = last if is_failing(before.state) else before.changed_scan
            self._ended.append((before.id, before.state, before.changed_scan, ended))
            opened = 0
            if is_failing(step.state):
                opened = before.opened_scan if is_failing(before.state) else scan
            self._moved.append((step.state, change, scan, opened, scan, before.id))
        elif change != lasting(step.state):
            self._moved.append(
                (step.state, change, scan, before.opened_scan, before.changed_scan, before.id)
            )
        if digest_of(finding) != before.digest:
            self._renewed.append((*renewed_values(finding, self._account(finding)), before.id))

    def _account(self, finding: Any) -> int:
        account = (finding.resource.provider, finding.resource.scope)
        if account not in self._accounts:
            number = max(self._accounts.values(), default=0) + 1
            self._accounts[account] = number
            self._new_accounts.append((number, *account))
        return self._accounts[account]

    def _add_scan(
        self, series: int, scan: int, last: int, digest: str, changes: dict[str, int]
    ) -> None:
        finished_at, totals = self._assessment.scan.finished_at, self._assessment.totals
        row = (
            scan, series, last, digest, finished_at, epoch_s(finished_at),
            self._assessment.tool.version, judged_by(self._assessment), totals.passed,
            totals.failed, totals.not_assessed, as_text(changes), 0,
        )  # fmt: skip
        self._database.insert("scan", _SCAN_COLUMNS, [row])

    def _write(self, scan: int, counting: Counting) -> None:
        database = self._database
        database.insert("account", "id, provider, scope", self._new_accounts)
        database.insert("finding", FINDING_COLUMNS, self._begun)
        database.insert("past", "finding, state, changed_scan, last_scan", self._ended)
        database.change_many(f"UPDATE finding SET {_STATE} WHERE id = ?", self._moved)  # noqa: S608 - our names
        database.change_many(f"UPDATE finding SET {RENEWED} WHERE id = ?", self._renewed)  # noqa: S608 - our names
        database.insert("counted", COUNTED_COLUMNS, counting.rows(scan, self._accounts))
