"""What is asked of a history, as plain values: its scans, its failures and the life of each.

The statements are the same for SQLite and for other databases: no function of one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Protocol, TypeVar

import msgspec

from mlsec.core.changes import Change
from mlsec.core.finding import Finding

S = TypeVar("S", bound=msgspec.Struct)
FAILING = "fail"
WAIVED = "waived"
OPEN = (FAILING, Change.NOT_ASSESSED_NOW.value)


class Rows(Protocol):
    """Runs a query and gives its rows."""

    def __call__(self, query: str, *values: Any) -> list[Any]:
        """Run it with a value for each ``?``."""


class PastScan(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded scan.

    ``changes`` counts open failures by the value of their Change, and those that a waiver covers
    as ``waived``; ``failed`` counts as the scan did, ``series`` are the scans of the same targets.
    """

    id: int
    series: int
    targets: tuple[str, ...]
    finished_at: str
    tool: str
    rules_digest: str
    passed: int
    failed: int
    not_assessed: int
    changes: Mapping[str, int]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure was from one scan to another, both included, by the ids of the scans.

    ``state`` is ``fail``, ``waived`` or what a Change says of it.
    """

    state: str
    changed_scan: int
    last_scan: int


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as the history has it. ``state`` is as in an interval.

    It is so since ``changed_scan`` and was last confirmed by ``last_scan``. ``change`` is what
    became of it in that scan, "" in histories of older versions.
    """

    id: int
    series: int
    state: str
    first_scan: int
    changed_scan: int
    last_scan: int
    finding: Finding
    change: str = ""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """A failure with all that it was: ``intervals`` from the oldest to the one that lasts."""

    state: State
    intervals: tuple[Interval, ...]

    @property
    def open_since(self) -> int:
        """The scan since which it fails, waived or not, and whether or not each scan could tell."""
        lasting = takewhile(lambda interval: is_failing(interval.state), reversed(self.intervals))
        return min((interval.changed_scan for interval in lasting), default=0)

    @property
    def fixes(self) -> list[tuple[int, int]]:
        """From which scan to which it was open each time that it was then seen to pass."""
        fixes, start = [], 0
        for interval in self.intervals:
            if is_failing(interval.state):
                start = start or interval.changed_scan
                continue
            if start and interval.state == Change.FIXED.value:
                fixes.append((start, interval.changed_scan))
            start = 0
        return fixes


def is_failing(state: str) -> bool:
    """Whether a failure in this state was not seen to end."""
    return state in OPEN or state == WAIVED


def past_scans(rows: Rows) -> list[PastScan]:
    """Give every recorded scan, by targets and then in the order they were recorded."""
    scans = rows(
        "SELECT scan.id, scan.series, targets, finished_at, tool, rules_digest, scan.passed,"
        " failed, not_assessed, changes FROM scan JOIN series ON series.id = scan.series"
    )
    scans.sort(key=lambda row: (row[2], row[0]))
    read = msgspec.json.decode
    return [_struct(PastScan, (*row[:2], read(row[2]), *row[3:9], read(row[9]))) for row in scans]


def states(rows: Rows, series: int | None = None, of: Sequence[str] = ()) -> list[State]:
    """Give the failures of one series, or of all, in the states asked for, or in any."""
    conditions = [*(["series = ?"] if series is not None else [])]
    if of:
        conditions.append(f"state IN ({', '.join('?' * len(of))})")
    return _states(rows, " AND ".join(conditions), *([] if series is None else [series]), *of)


def states_of(rows: Rows, fingerprint: str) -> list[State]:
    """Give one failure, in each series that has it."""
    return _states(rows, "fingerprint = ?", fingerprint)


def states_changed_in(rows: Rows, scan: int) -> list[State]:
    """Give the failures that are what they are since a scan."""
    return _states(rows, "changed_scan = ?", scan)


def lives(rows: Rows, known: Sequence[State]) -> list[Life]:
    """Give each failure with what it was before."""
    query = "SELECT finding, state, changed_scan, last_scan FROM past"
    of_one = [known[0].id] if len(known) == 1 else []
    earlier: dict[int, list[Interval]] = defaultdict(list)
    for finding, *interval in rows(query + (" WHERE finding = ?" if of_one else ""), *of_one):
        earlier[finding].append(_struct(Interval, interval))
    return [
        Life(
            state=state,
            intervals=(
                *sorted(earlier[state.id], key=lambda interval: interval.changed_scan),
                Interval(
                    state=state.state, changed_scan=state.changed_scan, last_scan=state.last_scan
                ),
            ),
        )
        for state in known
    ]


def _states(rows: Rows, condition: str, *values: Any) -> list[State]:
    failures = rows(
        "SELECT id, series, state, first_scan, changed_scan, last_scan, head FROM finding"  # noqa: S608
        + (f" WHERE {condition}" if condition else ""),
        *values,
    )
    read = msgspec.json.Decoder(Finding).decode
    return [_state(row, read(row[6])) for row in failures]


def _state(row: Sequence[Any], finding: Finding) -> State:
    bare = msgspec.structs.replace(finding, change="") if finding.change else finding
    return _struct(State, (*row[:6], bare, finding.change))


def _struct(kind: type[S], values: Sequence[Any]) -> S:
    """Make a value; what the file holds of another type is refused."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, values, strict=True)), kind)
