"""Open failures as rows of a page: the same failure on many resources is one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.trend import OpenFailure

_SHOWN = 5
_KEYS: Mapping[str, Callable[[OpenFailure], tuple[str, str]]] = {
    "rule": lambda failure: ("rule", failure.finding.rule),
    "resource": lambda failure: ("resource", failure.finding.resource.id),
}


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


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in one account: by severity from the worst, in all, not assessed now, oldest."""

    scope: str
    provider: str
    severities: tuple[int, ...]
    open: int
    unread: int
    oldest: str


def grouped(failures: Iterable[OpenFailure], by: str) -> list[Group]:
    """Put failures together; they and the groups stay in their order, the worst first."""
    if by not in _KEYS:
        return [_group([failure], "", "") for failure in failures]
    together: dict[tuple[str, str], list[OpenFailure]] = {}
    for failure in failures:
        together.setdefault(_KEYS[by](failure), []).append(failure)
    return [_group(members, kind, key) for (kind, key), members in together.items()]


def accounts(failures: Iterable[OpenFailure]) -> list[AccountRow]:
    """Count what is open in each account, the one with the worst first."""
    together: dict[tuple[str, str], list[OpenFailure]] = {}
    for failure in failures:
        subject = failure.finding.resource
        together.setdefault((subject.scope, subject.provider), []).append(failure)
    rows = [
        AccountRow(
            scope=scope,
            provider=provider,
            severities=severities(members),
            open=len(members),
            unread=sum(member.is_unread for member in members),
            oldest=min(member.open_since for member in members),
        )
        for (scope, provider), members in together.items()
    ]
    return sorted(rows, key=lambda row: ([-count for count in row.severities], row.scope))


def severities(failures: Sequence[OpenFailure]) -> tuple[int, ...]:
    """Count failures by severity, from critical to info."""
    counts = [0] * len(Severity)
    for failure in failures:
        counts[failure.finding.severity.rank] += 1
    return tuple(counts)


def _group(members: Sequence[OpenFailure], kind: str, key: str) -> Group:
    return Group(
        lead=members[0],
        shown=tuple(members[:_SHOWN]),
        count=len(members),
        kind=kind,
        key=key,
        oldest=min(member.open_since for member in members),
        unread=sum(member.is_unread for member in members),
    )
