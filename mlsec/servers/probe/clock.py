"""A deadline that every step of a probe shares, and the error of a step that went wrong."""

from __future__ import annotations

import time

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason


class StepError(Exception):
    """A step gave nothing; ``trouble`` says why."""

    def __init__(self, trouble: CallFailure) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


class Deadline:
    """When a step must be over: at its own end or at that of the whole, whichever is first."""

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        if within is not None and within.end < self._end:
            self._end, self._seconds = within.end, within.seconds

    @property
    def end(self) -> float:
        """The moment, on the clock that never goes back."""
        return self._end

    @property
    def seconds(self) -> float:
        """How long it was when it began."""
        return self._seconds

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end

    def left_s(self, what: str) -> float:
        """Give the seconds that are left.

        Raises:
            StepError: none are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise StepError(late(what, self._seconds))
        return left


def late(what: str, seconds: float) -> CallFailure:
    """Say that a step took too long."""
    return CallFailure(
        reason=GapReason.TIMEOUT, code="timeout", detail=f"{what}: not done within {seconds:g} s"
    )
