"""How the failures of the same targets went from scan to scan, as pages and text show it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.finding import Finding


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One scan of a series, and how many failures there were when it ended.

    ``failing`` were seen to fail, ``not_assessed`` failed before and could not be read this time,
    ``waived`` are covered by an exception. ``open`` is failing and not assessed together: what was
    not read was not fixed. ``changes`` counts what became of them, by the value of a Change.
    ``passed`` and ``unread`` count the checks of the scan that passed and that could not be made.
    """

    scan: int
    finished_at: str
    failing: int
    not_assessed: int
    waived: int
    passed: int
    unread: int
    changes: Mapping[str, int]

    @property
    def open(self) -> int:
        """How many failures were not known to be fixed or excused."""
        return self.failing + self.not_assessed


class TrendLine(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures of one severity, provider, account or concern were open, scan by scan."""

    name: str
    open: tuple[int, ...]


class FixTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long failures of one severity were open before they were seen to pass.

    ``fixed`` counts them, ``median_days`` is from the scan that found each to the scan that saw it
    pass. One whose resource or rule is gone was not fixed. ``open`` counts those that are open now,
    ``median_open_days`` is how long they are by now. None stands for no such failure.
    """

    severity: Severity
    fixed: int
    median_days: float | None
    open: int
    median_open_days: float | None


class OpenFailure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure that is open at the last scan; ``is_unread``: that scan could not tell.

    ``finding`` has no evidence. ``first_seen`` is the scan that first found it, ``open_since`` the
    one since which no scan saw it pass, ``last_seen`` the last that saw it fail.
    """

    finding: Finding
    is_unread: bool
    first_seen: str
    open_since: str
    last_seen: str
    age_days: int


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The scans of the same targets in their order, and what was open at each.

    ``lines`` are by ``severity``, ``provider``, ``account`` and ``concern``, each sorted by what is
    open now, severities from the worst; a failure counts by what was last known of it. ``open`` has
    the worst first, and of one severity the longest open. ``unasked`` counts failures that are in
    none of these because their rule no longer runs: they were not seen to be fixed.
    """

    targets: tuple[str, ...]
    points: tuple[TrendPoint, ...]
    lines: Mapping[str, tuple[TrendLine, ...]]
    fix_times: tuple[FixTime, ...]
    open: tuple[OpenFailure, ...]
    unasked: int = 0
