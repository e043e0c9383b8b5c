"""What follows a failure of each class: tried again, after how long, or a gap."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.fleet.units import ErrorClass


class Policy(msgspec.Struct, frozen=True):
    """How often a unit is tried with this error, and whether it waits longer each time."""

    tries: int
    waits: bool = False


POLICIES: Mapping[ErrorClass, Policy] = {
    # The same right is missing a minute later; mlsec fleet retry asks again once it is granted.
    ErrorClass.DENIED: Policy(1),
    # The next attempt is a process of its own and signs in anew.
    ErrorClass.EXPIRED: Policy(3),
    ErrorClass.THROTTLED: Policy(6, waits=True),
    ErrorClass.UNREACHABLE: Policy(4, waits=True),
    ErrorClass.DISK: Policy(4, waits=True),
    ErrorClass.BUG: Policy(2),
    # The ledger counts crashes itself. A lost lease is no fault of the unit.
    ErrorClass.CRASH: Policy(1_000_000),
    ErrorClass.LOST: Policy(1_000_000),
    ErrorClass.CANCELLED: Policy(1),
}
_LONGEST_WAIT_S = 1_800.0


def is_final(error_class: ErrorClass, failures_before: int) -> bool:
    """Whether a unit that failed so often before is not tried again."""
    return failures_before + 1 >= POLICIES[error_class].tries


def delay_s(error_class: ErrorClass, failures_before: int, first_s: float) -> float:
    """Seconds until it may be tried again: twice as long each time."""
    if not POLICIES[error_class].waits:
        return 0.0
    return min(_LONGEST_WAIT_S, first_s * 2.0 ** min(failures_before, 20))
