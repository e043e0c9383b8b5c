"""What is open, chosen and put together by the database: one page of it, and its counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.trend import OpenFailure
from mlsec.history.findings import SHOWN_COLUMNS
from mlsec.history.queries import FAILING, PastScan, Rows, holes, state_of_row
from mlsec.history.stored_text import as_it_was
from mlsec.history.trend import placed

# By what failures are put together, with what decides among like ones.
GROUPINGS: Mapping[str, str] = {"rule": "resource", "resource": "rule"}
# What a page can be limited by, each to some values.
CHOICES: Mapping[str, str] = {
    "severity": "finding.severity",
    "provider": "provider",
    "account": "finding.account",
    "concern": "finding.concern",
    "rule": "rule",
    "resource": "resource",
}
_SHOWN = 5
_AT_ONCE = 40
_FROM = (
    "FROM finding LEFT JOIN account ON account.id = finding.account"
    " LEFT JOIN scan ON scan.id = finding.opened_scan"
)
_OPEN = "state IN ('fail', 'not_assessed_now')"
_ORDER = "finding.severity, scan.finished_at, rule, resource, finding.id"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one rule or on one resource: the first of them, and how many there are.

    ``lead`` is the worst and of those the longest open. ``kind`` and ``key`` are the filter that
    shows all of them, "" for a failure of its own. ``oldest`` is since when the first is open.
    """

    lead: OpenFailure
    shown: tuple[OpenFailure, ...]
    count: int
    kind: str
    key: str
    oldest: str
    unread: int


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One page of groups, how many there are, and the failures in all by severity."""

    groups: tuple[Group, ...]
    all_groups: int
    severities: tuple[int, ...]


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in one account: by severity from the worst, in all, not assessed now, oldest."""

    scope: str
    provider: str
    severities: tuple[int, ...]
    open: int
    unread: int
    oldest: str


class _Chosen:
    """The failures that a page is limited to: ``chosen`` has values by the names of CHOICES."""

    def __init__(self, rows: Rows, chosen: Mapping[str, Sequence[Any]]) -> None:
        self._rows = rows
        limits = [f"{CHOICES[name]} IN ({holes(values)})" for name, values in chosen.items()]
        self._where = " AND ".join((_OPEN, *limits))
        self._values = [value for values in chosen.values() for value in values]

    def ask(self, what: str, then: str, also: str = "", values: Sequence[Any] = ()) -> list[Any]:
        where = f"{self._where} AND {also}" if also else self._where
        return self._rows(f"SELECT {what} {_FROM} WHERE {where} {then}", *self._values, *values)

    def first(self, by: str, keys: Sequence[str]) -> list[Any]:
        """Give the first failures of some groups, by their ids, in their order."""
        place = f"row_number() OVER (PARTITION BY {by} ORDER BY {_ORDER}) AS place"
        where = f"{self._where} AND {by} IN ({holes(keys)})"
        numbered = f"SELECT {by} AS shared, finding.id AS number, {place} {_FROM} WHERE {where}"
        return self._rows(
            f"SELECT shared, number FROM ({numbered}) AS numbered"  # noqa: S608 - our names
            " WHERE place <= ? ORDER BY shared, place",
            *self._values, *keys, _SHOWN,
        )  # fmt: skip


def listing(
    rows: Rows,
    scans: Sequence[PastScan],
    chosen: Mapping[str, Sequence[Any]],
    by: str,
    start: int,
    count: int,
) -> Listing:
    """Give ``count`` rows from the one at ``start`` on, the worst first.

    Raises:
        ValueError: a failure belongs to a scan that is not there.
    """
    some = _Chosen(rows, chosen)
    severities = dict(some.ask("severity, count(*)", "GROUP BY severity"))
    total = sum(severities.values())
    if by in GROUPINGS:
        every = _groups(some, by)
        groups = tuple(_filled(rows, some, scans, by, every[start : start + count]))
        total_groups = len(every)
    else:
        ids = some.ask("finding.id", f"ORDER BY {_ORDER} LIMIT ? OFFSET ?", values=[count, start])
        shown = _failures(rows, scans, [number for (number,) in ids])
        groups = tuple(_alone(shown[number]) for (number,) in ids)
        total_groups = total
    return Listing(
        groups=groups,
        all_groups=total_groups,
        severities=tuple(severities.get(severity.rank, 0) for severity in Severity),
    )


def open_accounts(rows: Rows) -> list[AccountRow]:
    """Count what is open in each account, the one with the worst first."""
    severities: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(Severity))
    unread: dict[tuple[str, str], int] = defaultdict(int)
    oldest: dict[tuple[str, str], str] = {}
    asked = "provider, scope, finding.severity, state, min(scan.finished_at), count(*)"
    for *account, severity, state, since, count in _Chosen(rows, {}).ask(
        asked, "GROUP BY provider, scope, finding.severity, state"
    ):
        scope, provider = as_it_was(account[1]), as_it_was(account[0])
        severities[scope, provider][severity] += count
        unread[scope, provider] += 0 if state == FAILING else count
        oldest[scope, provider] = min(_time(since), oldest.get((scope, provider), since))
    accounts = [
        AccountRow(
            scope=scope, provider=provider, severities=tuple(counts), open=sum(counts),
            unread=unread[scope, provider], oldest=oldest[scope, provider],
        )
        for (scope, provider), counts in severities.items()
    ]  # fmt: skip
    return sorted(accounts, key=lambda row: ([-count for count in row.severities], row.scope))


def open_places(rows: Rows) -> tuple[int, dict[tuple[str, str], int]]:
    """Give how many failures are open, and the account's number of each provider and scope."""
    counted = rows(
        "SELECT account.id, provider, scope, sum(failing + counted.not_assessed) FROM counted"
        " JOIN series ON series.last_scan = counted.scan"
        " JOIN account ON account.id = counted.account GROUP BY account.id, provider, scope"
    )
    places = {(as_it_was(p), as_it_was(s)): number for number, p, s, count in counted if count}
    return sum(int(row[-1]) for row in counted), places


class _Row(msgspec.Struct, frozen=True):
    """A group before its failures are read: what it is sorted by, and its counts."""

    order: tuple[Any, ...]
    key: str
    count: int
    oldest: str
    unread: int


def _groups(some: _Chosen, by: str) -> list[_Row]:
    other = GROUPINGS[by]
    asked = (
        f"{by}, finding.severity, scan.finished_at, min({other}), count(*),"
        " sum(CASE state WHEN 'fail' THEN 0 ELSE 1 END)"
    )
    parts: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *part in some.ask(asked, f"GROUP BY {by}, finding.severity, scan.finished_at"):
        parts[key].append((part[0], _time(part[1]), *part[2:]))
    every = []
    for key, of_key in parts.items():
        severity, time, first, *_ = min(of_key)
        names = (key, first) if by == "rule" else (first, key)
        every.append(
            _Row(
                order=(severity, time, *names), key=key, count=sum(part[3] for part in of_key),
                oldest=min(part[1] for part in of_key), unread=sum(int(part[4]) for part in of_key),
            )
        )  # fmt: skip
    return sorted(every, key=lambda row: row.order)


def _filled(
    rows: Rows, some: _Chosen, scans: Sequence[PastScan], by: str, groups: Sequence[_Row]
) -> Iterator[Group]:
    """Read the first failures of some groups."""
    first: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(groups), _AT_ONCE):
        keys = [group.key for group in groups[start : start + _AT_ONCE]]
        for key, number in some.first(by, keys):
            first[key].append(number)
    shown = _failures(rows, scans, [number for numbers in first.values() for number in numbers])
    for group in groups:
        members = tuple(shown[number] for number in first[group.key])
        yield Group(
            lead=members[0], shown=members, count=group.count, kind=by, key=as_it_was(group.key),
            oldest=group.oldest, unread=group.unread,
        )  # fmt: skip


def _failures(
    rows: Rows, scans: Sequence[PastScan], ids: Sequence[int]
) -> Mapping[int, OpenFailure]:
    columns = (
        "finding.id, finding.series, state, first_scan, changed_scan, last_scan, opened_scan,"
        f" change, noted_scan, {SHOWN_COLUMNS}"
    )
    failures: dict[int, OpenFailure] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        opened = [
            state_of_row(row)
            for row in rows(
                f"SELECT {columns} {_FROM} JOIN series ON series.id = finding.series"
                f" WHERE finding.id IN ({holes(some)})",
                *some,
            )
        ]
        failures.update(zip((state.id for state in opened), placed(scans, opened), strict=True))
    return failures


def _alone(failure: OpenFailure) -> Group:
    return Group(
        lead=failure, shown=(failure,), count=1, kind="", key="", oldest=failure.open_since,
        unread=int(failure.is_unread),
    )  # fmt: skip


def _time(finished_at: str | None) -> str:
    if finished_at is None:
        raise ValueError("a failure belongs to a scan that is not there")
    return finished_at
