"""How long failures were open before a scan saw them pass, from what each was in turn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mlsec.core.changes import Change
from mlsec.history.queries import Rows, is_failing

# How many of a severity (its rank) were open from one scan to another.
Fixes: TypeAlias = Mapping[tuple[int, int, int], int]
_FIXED = Change.FIXED.value


def fixes(rows: Rows) -> Mapping[int, Fixes]:
    """Give what was fixed, by series; only failures that a scan saw pass are read."""
    fixed: dict[int, Counter[tuple[int, int, int]]] = defaultdict(Counter)
    last: dict[int, tuple[int, int, str, int]] = {
        number: (series, severity, state, changed)
        for number, series, severity, state, changed in rows(
            "SELECT id, series, severity, state, changed_scan FROM finding WHERE state = ?"
            " OR id IN (SELECT finding FROM past WHERE state = ?)",
            _FIXED, _FIXED,
        )
    }  # fmt: skip
    earlier: dict[int, list[tuple[int, str]]] = defaultdict(list)
    if last:
        for number, changed, state in rows(
            "SELECT past.finding, past.changed_scan, past.state FROM past JOIN finding"
            " ON finding.id = past.finding WHERE finding.state = ?"
            " OR past.finding IN (SELECT finding FROM past WHERE state = ?)",
            _FIXED, _FIXED,
        ):  # fmt: skip
            earlier[number].append((changed, state))
    for number, (series, severity, state, changed) in last.items():
        spells = [*sorted(earlier[number]), (changed, state)]
        for start, end in _fixed_spans(spells):
            fixed[series][severity, start, end] += 1
    return fixed


def _fixed_spans(spells: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    start = 0
    for changed, state in spells:
        if is_failing(state):
            start = start or changed
            continue
        if start and state == _FIXED:
            yield start, changed
        start = 0
