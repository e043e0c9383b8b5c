"""What the gate of a scan said, and because of what, as an assessment carries it."""

from __future__ import annotations

import enum

import msgspec


class Gate(enum.Enum):
    """What the gate says; findings outrank incompleteness."""

    CLEAN = "clean"
    FINDINGS = "findings"
    INCOMPLETE = "incomplete"


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a scan passed its gate: no bad finding, and enough of it was seen.

    ``findings`` are the fingerprints that failed it, the worst first and what is new before the
    rest: open failures at or above ``scan.fail_on``, with a baseline only those that are new or
    regressed since. ``causes`` are the ids of the root causes that they stand under, in the order
    of the assessment's causes; ``known`` counts those that a baseline excuses.
    ``assessed_percent`` is how many of the checks were assessed, those that only an apply can
    decide left aside; ``unread`` is how many were not. ``incomplete_listings`` counts the types
    that may have more resources than were seen; ``empty`` are targets without a file.
    The words of ``result`` and the exit codes: clean 0, findings 10, incomplete 11.
    """

    result: Gate
    findings: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    known: int = 0
    assessed_percent: float = 0.0
    unread: int = 0
    incomplete_listings: int = 0
    empty: tuple[str, ...] = ()
