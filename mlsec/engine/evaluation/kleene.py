"""What evaluating a condition comes to: a truth, the clauses that decided it, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.core.enums import Severity, Status, Truth
from mlsec.engine.evaluation.operators import FALSE, TRUE, UNKNOWN
from mlsec.engine.evaluation.property_reader import Value, View

MAX_CLAUSES = 24


class Clause(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One clause that decided; ``is_wanted`` False when the rule wanted it not to hold.

    ``is_lacked``: the provider has no such thing, so that it cannot be wrong.
    """

    view: View
    path: str
    operator: str
    expected: Any
    value: Value
    is_wanted: bool
    truth: Truth
    is_lacked: bool = False


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """A truth and the clauses that decided it, in reading order."""

    truth: Truth
    clauses: tuple[Clause, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one rule says of one resource; ``context`` are the clauses that made it apply.

    ``severity`` is that of the failure where it depends on what failed, else None.
    """

    status: Status
    clauses: tuple[Clause, ...] = ()
    context: tuple[Clause, ...] = ()
    severity: Severity | None = None


def every(outcomes: Iterator[Outcome] | list[Outcome]) -> Outcome:
    return _fold(outcomes, FALSE, TRUE)


def either(outcomes: Iterator[Outcome] | list[Outcome] | tuple[Outcome, ...]) -> Outcome:
    return _fold(outcomes, TRUE, FALSE)


def _fold(outcomes: Any, deciding: Truth, otherwise: Truth) -> Outcome:
    decided: list[Clause] = []
    unknown: list[Clause] = []
    rest: list[Clause] = []
    is_decided = is_unknown = False
    for outcome in outcomes:
        if outcome.truth is deciding:
            is_decided, kept = True, decided
        elif outcome.truth is UNKNOWN:
            is_unknown, kept = True, unknown
        else:
            kept = rest
        if len(kept) < MAX_CLAUSES:
            kept.extend(outcome.clauses)
    if is_decided:
        return Outcome(deciding, tuple(decided))
    return Outcome(UNKNOWN, tuple(unknown)) if is_unknown else Outcome(otherwise, tuple(rest))


def negate(outcome: Outcome) -> Outcome:
    if outcome.truth is UNKNOWN:
        return outcome
    return Outcome(FALSE if outcome.truth is TRUE else TRUE, outcome.clauses)
