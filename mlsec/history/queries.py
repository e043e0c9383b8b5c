"""What is asked of a history, as plain values: its scans, its failures and the life of each.

The statements are the same for SQLite and for other databases: no function of one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Protocol, TypeVar

import msgspec

from mlsec.core.changes import Change
from mlsec.core.finding import Finding
from mlsec.history.findings import SHOWN_COLUMNS, shown_finding
from mlsec.history.stored_text import as_it_was

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")
FAILING = "fail"
WAIVED = "waived"
OPEN = (FAILING, Change.NOT_ASSESSED_NOW.value)
LASTING = (*OPEN, WAIVED)
_UNREAD, _UNCHANGED = Change.NOT_ASSESSED_NOW.value, Change.UNCHANGED.value
# A query takes so many values, also where somebody else wrote the file.
_VALUES_AT_ONCE = 60
# More than this and everything of a series is read instead.
_MOST_LOOKUPS = 3_000


class Rows(Protocol):
    """Runs a query and gives its rows."""

    def __call__(self, query: str, *values: Any) -> list[Any]:
        """Run it with a value for each ``?``."""


class PastScan(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded scan.

    ``changes`` counts open failures by the value of their Change, and those that a waiver covers
    as ``waived``; ``failed`` counts as the scan did, ``series`` are the scans of the same targets.
    ``is_pruned``: it is there because failures refer to it, and its counts are not.
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
    is_pruned: bool = False


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure was from one scan to another, both included, by the ids of the scans.

    ``state`` is ``fail``, ``waived`` or what a Change says of it.
    """

    state: str
    changed_scan: int
    last_scan: int


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as the history has it. ``state`` is as in an interval.

    It is so since ``changed_scan`` and was last confirmed by ``last_scan``; it fails since
    ``opened_scan``, waived or not and whether or not each scan could tell, 0 where it does not.
    ``change`` is what became of it in the last scan.
    """

    id: int
    series: int
    state: str
    first_scan: int
    changed_scan: int
    last_scan: int
    finding: Finding
    opened_scan: int
    change: str


class Known(msgspec.Struct, frozen=True, gc=False):
    """What a scan is compared with: a failure without what it found, and the digest of that."""

    id: int
    state: str
    severity: int
    digest: int
    first_scan: int
    opened_scan: int
    changed_scan: int
    change: str
    noted_scan: int


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """A failure with all that it was: ``intervals`` from the oldest to the one that lasts."""

    state: State
    intervals: tuple[Interval, ...]


def is_failing(state: str) -> bool:
    """Whether a failure in this state was not seen to end."""
    return state in OPEN or state == WAIVED


def opened_since(intervals: Sequence[Interval]) -> int:
    """Give the scan since which it fails at the end of these, 0 where it does not."""
    opened = 0
    for interval in intervals:
        opened = (opened or interval.changed_scan) if is_failing(interval.state) else 0
    return opened


def past_scans(rows: Rows) -> list[PastScan]:
    """Give every recorded scan, by targets and then in the order they were recorded."""
    scans = rows(
        "SELECT scan.id, scan.series, targets, finished_at, tool, rules_digest, scan.passed,"
        " failed, not_assessed, changes, pruned FROM scan JOIN series ON series.id = scan.series"
    )
    scans.sort(key=lambda row: (row[2], row[0]))
    read = msgspec.json.decode
    return [
        _struct(
            PastScan, (*row[:2], read(as_it_was(row[2])), *row[3:9], read(row[9]), row[10] == 1)
        )
        for row in scans
    ]


def states(rows: Rows, series: int | None = None, of: Sequence[str] = ()) -> list[State]:
    """Give the failures of one series, or of all, in the states asked for, or in any."""
    conditions = [*(["finding.series = ?"] if series is not None else [])]
    if of:
        conditions.append(f"state IN ({holes(of)})")
    return _states(rows, " AND ".join(conditions), *([] if series is None else [series]), *of)


def states_of(rows: Rows, fingerprint: str) -> list[State]:
    """Give one failure, in each series that has it."""
    return _states(rows, "fingerprint = ?", fingerprint)


def states_where(rows: Rows, condition: str, *values: Any) -> list[State]:
    """Give failures by a condition of ours, which may go on with an order and a limit."""
    return _states(rows, condition, *values)


def known_failures(rows: Rows, series: int) -> dict[str, Known]:
    """Give what was not seen to end in a series, by fingerprint."""
    condition = f"series = ? AND state IN ({holes(LASTING)})"
    return _known(rows, condition, series, *LASTING)


def ended_failures(rows: Rows, series: int, names: Collection[str]) -> dict[str, Known]:
    """Give those of some fingerprints that were seen to end."""
    is_ended = f"series = ? AND state NOT IN ({holes(LASTING)})"
    if len(names) > _MOST_LOOKUPS:
        return _known(rows, is_ended, series, *LASTING)
    ended: dict[str, Known] = {}
    for some in _batches(names):
        condition = f"{is_ended} AND fingerprint IN ({holes(some)})"
        ended.update(_known(rows, condition, series, *LASTING, *some))
    return ended


def shown_failures(rows: Rows, series: int, known: Iterable[Known]) -> dict[int, Finding]:
    """Give what was found, by the id of the failure."""
    ids = [failure.id for failure in known]
    if len(ids) > _MOST_LOOKUPS:
        wanted = set(ids)
        failures = states(rows, series, of=LASTING)
        return {state.id: state.finding for state in failures if state.id in wanted}
    return {
        state.id: state.finding
        for some in _batches(ids)
        for state in _states(rows, f"finding.id IN ({holes(some)})", *some)
    }


def lives(rows: Rows, known: Sequence[State]) -> list[Life]:
    """Give each failure with what it was before."""
    if not known:
        return []
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


def _known(rows: Rows, condition: str, *values: Any) -> dict[str, Known]:
    query = (
        "SELECT fingerprint, id, state, severity, digest, first_scan, opened_scan, changed_scan,"  # noqa: S608
        f" change, noted_scan FROM finding WHERE {condition}"
    )
    return {name: Known(*row) for name, *row in rows(query, *values)}


def _states(rows: Rows, condition: str, *values: Any) -> list[State]:
    failures = rows(
        "SELECT finding.id, finding.series, state, first_scan, changed_scan, last_scan,"  # noqa: S608
        f" opened_scan, change, noted_scan, {SHOWN_COLUMNS} FROM finding"
        " JOIN series ON series.id = finding.series JOIN account ON account.id = finding.account"
        + (f" WHERE {condition}" if condition else ""),
        *values,
    )
    return [state_of_row(row) for row in failures]


def state_of_row(row: Sequence[Any]) -> State:
    """Make the failure of a row; its columns are those that ``_states`` asks for."""
    id_, series, state, first, changed, last, opened, change, noted, *shown = row
    finding = shown_finding([as_it_was(value) for value in shown])
    if noted != last and is_failing(state):
        change = lasting(state)
    confirmed = last if is_failing(state) else changed
    values = (id_, series, state, first, changed, confirmed, finding, opened, change)
    return _struct(State, values)


def lasting(state: str) -> str:
    """Give what each further scan says of a failure that stays as it is."""
    return state if state == _UNREAD else _UNCHANGED


def _batches(values: Collection[T]) -> Iterator[Sequence[T]]:
    whole = list(values)
    for start in range(0, len(whole), _VALUES_AT_ONCE - 4):
        yield whole[start : start + _VALUES_AT_ONCE - 4]


def holes(values: Sized) -> str:
    """Give a ``?`` for each value."""
    return ", ".join("?" * len(values))


def _struct(kind: type[S], values: Sequence[Any]) -> S:
    """Make a value; what the file holds of another type is refused."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, values, strict=True)), kind)
