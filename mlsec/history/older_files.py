"""Reads files of versions 1 and 2, where each failure was kept as JSON, as rows of this version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from mlsec.core.changes import Change
from mlsec.core.finding import Finding
from mlsec.history.counting import COUNTED_COLUMNS, COUNTS, count_of_state
from mlsec.history.findings import FINDING_COLUMNS, finding_values
from mlsec.history.queries import FAILING, OPEN, WAIVED, Interval, opened_since
from mlsec.history.series import epoch_s

OLDER_SCHEMA = """
CREATE TABLE series (id INTEGER PRIMARY KEY, targets TEXT NOT NULL UNIQUE, passed BLOB NOT NULL);
CREATE TABLE scan (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  digest TEXT NOT NULL, finished_at TEXT NOT NULL, tool TEXT NOT NULL, rules_digest TEXT NOT NULL,
  passed INTEGER NOT NULL, failed INTEGER NOT NULL, not_assessed INTEGER NOT NULL,
  changes TEXT NOT NULL, UNIQUE (series, digest));
CREATE TABLE finding (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  fingerprint TEXT NOT NULL, state TEXT NOT NULL, first_scan INTEGER NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL, head TEXT NOT NULL,
  UNIQUE (series, fingerprint));
CREATE TABLE past (finding INTEGER NOT NULL REFERENCES finding, state TEXT NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL,
  PRIMARY KEY (finding, changed_scan)) WITHOUT ROWID;
"""
Row: TypeAlias = tuple[str, Sequence[Any]]
_Account: TypeAlias = tuple[str, str]


class _Kept(msgspec.Struct, frozen=True):
    """A row of ``finding`` without what it found."""

    id: int
    series: int
    fingerprint: str
    state: str
    first_scan: int
    changed_scan: int
    last_scan: int


_Rows = Callable[[str, Sequence[Any]], list[Any]]


def older_rows(rows: _Rows) -> Iterator[Row]:
    """Give the statements that write an older history, in an order that keys allow.

    Raises:
        ValueError: a failure belongs to a scan that is not there.
        msgspec.MsgspecError, TypeError: it is damaged.
    """
    scans_of: dict[int, list[int]] = defaultdict(list)
    scans = rows("SELECT * FROM scan", ())
    for number, series, *_ in sorted(scans, key=lambda row: row[:2]):
        scans_of[series].append(number)
    for number, targets, passed in rows("SELECT * FROM series", ()):
        last = max(scans_of[number], default=0)
        yield "INSERT INTO series VALUES (?, ?, ?, ?)", (number, targets, passed, last)
    for row in sorted(scans, key=lambda row: row[0]):
        yield from _scan_row(row, scans_of[row[1]])
    yield from _finding_rows(rows, scans_of)


def _scan_row(row: Sequence[Any], series: list[int]) -> Iterator[Row]:
    number, of, digest, finished_at, *more = row
    before = max((scan for scan in series if scan < number), default=0)
    yield (
        "INSERT INTO scan VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (number, of, before, digest, finished_at, epoch_s(finished_at), *more),
    )


def _finding_rows(rows: _Rows, scans_of: dict[int, list[int]]) -> Iterator[Row]:
    spells: dict[int, list[Interval]] = defaultdict(list)
    for finding, *spell in rows("SELECT * FROM past", ()):
        spells[finding].append(_convert(spell, Interval))
    accounts: dict[_Account, int] = {}
    counts: Counter[tuple[int, int, int, str, str]] = Counter()
    holes = ", ".join("?" * (FINDING_COLUMNS.count(",") + 2))
    decode = msgspec.json.Decoder(Finding).decode
    for *row, head in rows("SELECT * FROM finding", ()):
        kept, finding = _convert(row, _Kept), decode(head)
        lasts = sorted(spells.pop(kept.id, ()), key=lambda spell: spell.changed_scan)
        lasts.append(
            Interval(state=kept.state, changed_scan=kept.changed_scan, last_scan=kept.last_scan)
        )
        account = (finding.resource.provider, finding.resource.scope)
        if account not in accounts:
            accounts[account] = len(accounts) + 1
            yield "INSERT INTO account VALUES (?, ?, ?)", (accounts[account], *account)
        for scan, name in _counted(lasts, scans_of[kept.series], kept.first_scan):
            key = (scan, accounts[account], finding.severity.rank, finding.concern.value, name)
            counts[key] += 1
        now = (kept.state, finding.change, kept.last_scan, kept.first_scan,
               opened_since(lasts), kept.changed_scan)  # fmt: skip
        values = finding_values(finding, kept.series, accounts[account], now)
        yield f"INSERT INTO finding (id, {FINDING_COLUMNS}) VALUES ({holes})", (kept.id, *values)  # noqa: S608
        for spell in lasts[:-1]:
            yield (
                "INSERT INTO past VALUES (?, ?, ?, ?)",
                (kept.id, spell.state, spell.changed_scan, spell.last_scan),
            )
    yield from _count_rows(counts)


def _count_rows(counts: Counter[tuple[int, int, int, str, str]]) -> Iterator[Row]:
    table: dict[tuple[int, int, int, str], dict[str, int]] = defaultdict(dict)
    for (*key, name), count in counts.items():
        table[tuple(key)][name] = count  # type: ignore[index]
    holes = ", ".join("?" * (COUNTED_COLUMNS.count(",") + 1))
    for place, counted in table.items():
        values = (*place, *(counted.get(name, 0) for name in COUNTS))
        yield f"INSERT INTO counted ({COUNTED_COLUMNS}) VALUES ({holes})", values  # noqa: S608


def _counted(spells: list[Interval], scans: list[int], first: int) -> Iterator[tuple[int, str]]:
    """Give the scans at which a failure was counted, and as what."""
    known = set(scans)
    if not known.issuperset([first, *(s.changed_scan for s in spells), spells[-1].last_scan]):
        raise ValueError("a failure belongs to a scan that is not there")
    before = ""
    for spell in spells:
        name = count_of_state(spell.state)
        if name:
            for scan in scans:
                if spell.changed_scan <= scan <= spell.last_scan:
                    yield scan, name
        changed = _change_of(before, spell.state)
        if changed:
            yield spell.changed_scan, changed
        before = spell.state


def _change_of(before: str, state: str) -> str:
    """Say what the beginning of a spell counts as; what is not kept of an older scan is not."""
    if state == FAILING:
        if before in (Change.FIXED.value, WAIVED):
            return Change.REGRESSED.value
        return "" if before in OPEN else Change.NEW.value
    return state if before in OPEN and state in COUNTS else ""


def _convert(values: Sequence[Any], kind: Any) -> Any:
    return msgspec.convert(dict(zip(kind.__struct_fields__, values, strict=True)), kind)
