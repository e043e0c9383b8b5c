"""Counts of failures for each scan, account, severity and concern: what trends are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from mlsec.core.changes import Change
from mlsec.core.finding import Finding

_STATES: Mapping[str, str] = {
    "fail": "failing",
    Change.NOT_ASSESSED_NOW.value: "not_assessed",
    "waived": "waived",
}
# What a failure is at the end of a scan, and what became of it in that scan.
COUNTS = (
    "failing", "not_assessed", "waived", "new", "regressed", "fixed", "no_longer_seen", "rule_gone",
)  # fmt: skip
COUNTED_COLUMNS = "scan, account, severity, concern, " + ", ".join(COUNTS)
Account: TypeAlias = tuple[str, str]


def count_of_state(state: str) -> str:
    """Give the count that a state belongs to, "" for one that has ended."""
    return _STATES.get(state, "")


class Counting:
    """Counts the failures of one scan; an account is a provider and a scope."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, int, str, str, str]] = Counter()

    def add(self, finding: Finding, state: str, counts_as: str) -> None:
        """Count a failure in the state that it is in, and as what became of it."""
        subject = finding.resource
        self._seen[
            subject.provider, subject.scope, finding.severity.rank, finding.concern._value_, state,
            counts_as,
        ] += 1  # fmt: skip

    @property
    def changes(self) -> dict[str, int]:
        """How many failures count as what, sorted by that."""
        total: Counter[str] = Counter()
        for (*_, counts_as), count in self._seen.items():
            if counts_as:
                total[counts_as] += count
        return dict(sorted(total.items()))

    def rows(self, scan: int, accounts: Mapping[Account, int]) -> Iterator[tuple[Any, ...]]:
        """Give the rows for ``COUNTED_COLUMNS``."""
        table: dict[tuple[int, int, str], Counter[str]] = {}
        for (provider, scope, severity, concern, *kinds), count in self._seen.items():
            counted = table.setdefault((accounts[provider, scope], severity, concern), Counter())
            state, counts_as = kinds
            for name in {count_of_state(state), counts_as} & set(COUNTS):
                counted[name] += count
        for place, counted in sorted(table.items()):
            yield scan, *place, *(counted[name] for name in COUNTS)
