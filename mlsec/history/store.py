"""The past scans of the same targets: what each changed, and since when every failure is open."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from mlsec.core.assessment import Assessment
from mlsec.core.trend import Trend
from mlsec.history.database import open_database
from mlsec.history.place import Place
from mlsec.history.pruning import Pruned, prunable, prune
from mlsec.history.queries import (
    OPEN,
    PastScan,
    Rows,
    State,
    past_scans,
    states,
)
from mlsec.history.recording import Recording
from mlsec.history.since_last import mark_since_last
from mlsec.history.trend import trends

T = TypeVar("T")


class History:
    """One place, many series: scans of the same targets are compared with each other only.

    Folders of the same name in two repositories are two targets.
    """

    def __init__(
        self, place: Place, *, is_new_allowed: bool = False, is_snapshot: bool = False
    ) -> None:
        self._database = open_database(
            place, is_new_allowed=is_new_allowed, is_snapshot=is_snapshot
        )
        self._place = place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._database.close()

    def record(self, assessment: Assessment) -> PastScan | None:
        """Add a scan, whole or not at all; None when it is there already.

        Raises:
            MlsecError: a later scan of these targets was recorded before, or the disk is full.
        """
        with self._database.clear_errors(), self._database.writing():
            return Recording(self._database, assessment, str(self._place)).record()

    def prune(self, before_s: int, *, is_dry_run: bool) -> Pruned:
        """Remove what ended before a time, in seconds since 1970, or count it only."""
        if is_dry_run:
            return self.read(lambda rows: prunable(rows, before_s))
        with self._database.clear_errors(), self._database.writing():
            return prune(self._database, before_s)

    def marked(self, assessment: Assessment) -> Assessment:
        """Give an assessment with what changed since the last recorded scan; nothing is written."""
        return self.read(lambda rows: mark_since_last(rows, assessment))

    def read(self, ask: Callable[[Rows], T]) -> T:
        """Give what a function reads."""
        with self._database.clear_errors():
            return ask(self._database.rows)

    def scans(self) -> list[PastScan]:
        """Give every recorded scan, by targets and then in the order they were recorded."""
        return self.read(past_scans)

    def trends(self) -> tuple[Trend, ...]:
        """Give what was open at each scan of each series, its age, and how long fixing took."""
        return self.read(trends)

    def open_failures(self) -> list[State]:
        """Give what fails or failed when last seen, the longest open first, then the worst."""
        return self.read(_open_failures)


def _open_failures(rows: Rows) -> list[State]:
    failures = sorted(states(rows, of=OPEN), key=_rank)
    scans = {row[0] for row in rows("SELECT id FROM scan")}
    if not scans.issuperset(i for s in failures for i in (s.first_scan, s.changed_scan)):
        raise ValueError("a failure belongs to a scan that is not there")
    return failures


def _rank(state: State) -> tuple[int, int, str, str]:
    finding = state.finding
    return state.first_scan, finding.severity.rank, finding.rule, finding.fingerprint
