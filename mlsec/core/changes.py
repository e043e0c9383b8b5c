"""What changed since an earlier scan of the same targets, as an assessment carries it."""

from __future__ import annotations

import datetime
import enum

import msgspec

from mlsec.core.enums import Category, Concern, Severity
from mlsec.core.finding import Subject
from mlsec.core.sanitize import visible


class Change(enum.Enum):
    """What became of one failure between an old and a new assessment."""

    NEW = "new"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    FIXED = "fixed"
    NOT_ASSESSED_NOW = "not_assessed_now"
    NO_LONGER_SEEN = "no_longer_seen"
    RULE_GONE = "rule_gone"


CHANGE_WORDS = {
    Change.NEW: "new",
    Change.REGRESSED: "regressed",
    Change.FIXED: "fixed",
    Change.NOT_ASSESSED_NOW: "not assessed now",
    Change.NO_LONGER_SEEN: "no longer seen",
    Change.RULE_GONE: "of a rule that no longer runs",
}


class EarlierFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that was open before and is not among the failures now, and what became of it.

    ``change`` is ``fixed`` only where the check was seen to pass. ``first_seen`` and ``open_since``
    are as in a finding.
    """

    fingerprint: str
    rule: str
    severity: Severity
    category: Category
    concern: Concern
    message: str
    resource: Subject
    change: Change
    first_seen: str = ""
    open_since: str = ""


class OpenCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures were open when a scan finished (RFC 3339, UTC).

    ``unread`` of the ``open`` ones failed before and could not be read by that scan.
    """

    finished_at: str
    open: int
    unread: int = 0


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since an earlier scan: the counts, and the failures that are gone.

    ``source`` is ``baseline`` or ``history``. ``since`` and ``until`` are when the earlier scan and
    this one finished (RFC 3339, UTC); ``since`` is "" for the first scan of a history, in which
    every failure is new. The counts are of open failures: one that a waiver covers is in none of
    them, and ``newly_waived`` counts those that were open before. ``new``, ``regressed`` and
    ``unchanged`` are of the findings, whose ``change`` says the same of each; the others are of
    ``absent``, sorted by severity, rule and resource. ``regressed`` passed or was waived before, or
    is more severe. ``has_other_rules``: the earlier scan was judged by other rules or settings.
    ``has_ages``: a history knows since when each failure is open; a baseline says "at least since".
    ``trend``: the last scans of a history, this one last; none from a baseline.
    Nothing is said of what an assessment leaves out that is limited to what changed in code.
    """

    source: str
    since: str
    until: str
    new: int = 0
    regressed: int = 0
    unchanged: int = 0
    fixed: int = 0
    not_assessed_now: int = 0
    no_longer_seen: int = 0
    rule_gone: int = 0
    newly_waived: int = 0
    has_other_rules: bool = False
    has_ages: bool = False
    absent: tuple[EarlierFailure, ...] = ()
    trend: tuple[OpenCount, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether there was no earlier scan to compare with."""
        return not self.since

    @property
    def summary(self) -> str:
        """Say it in one line: "2 new, 1 regressed, 4 fixed since 2026-11-22"."""
        if self.is_first:
            return "the first scan in its history: every failure counts as new"
        counted = [(getattr(self, change.value), word) for change, word in CHANGE_WORDS.items()]
        counted.append((self.newly_waived, "newly waived"))
        said = ", ".join(f"{n:,} {word}" for n, word in counted if n) or "nothing changed"
        other = " (judged by other rules or settings then)" if self.has_other_rules else ""
        return f"{said} since {day_of(self.since, self.until)}{other}"


def day_of(time: str, until: str = "") -> str:
    """Write a time for people: the day, with hour and minute where ``until`` is on the same day."""
    moment = _moment(time)
    if moment is None:
        return visible(time, 25)
    is_same_day = time[:10] == until[:10]
    return f"{moment:%Y-%m-%d %H:%M} UTC" if is_same_day else f"{moment:%Y-%m-%d}"


def days_between(start: str, end: str) -> int | None:
    """Give the whole days from one RFC 3339 time to another; None where one is no such time."""
    first, last = _moment(start), _moment(end)
    return None if first is None or last is None else max(0, (last - first).days)


def _moment(time: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(time)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return zoned.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
