"""The sum of many checks: verified only when every check that matters was made and held."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.signing.verdicts.verdict import Answer, Check, Outcome


def has_failed(checks: Sequence[Check]) -> bool:
    """Whether a check that matters did not hold."""
    return any(one.is_fatal and one.outcome is Outcome.FAILED for one in checks)


def answer_of(checks: Sequence[Check], *, is_compared: bool) -> Answer:
    """Sum up: failed before incomplete, and verified only where the files were compared."""
    if has_failed(checks):
        return Answer.FAILED
    is_open = any(one.is_fatal and one.outcome is Outcome.NOT_CHECKED for one in checks)
    return Answer.INCOMPLETE if is_open or not is_compared else Answer.VERIFIED
