"""Moments that stand for a number of seconds, so that dates are compared as they were parsed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


def first_moment(cut_s: float) -> datetime | None:
    """The earliest moment whose ``timestamp()`` is not below ``cut_s``; None outside all years.

    A timestamp never falls as moments rise, so that ``m < first_moment(cut_s)`` is exactly
    ``m.timestamp() < cut_s``, rounding included.
    """
    try:
        result = _EPOCH + timedelta(seconds=cut_s)
        while result.timestamp() >= cut_s:
            result -= _STEP
        while result.timestamp() < cut_s:
            result += _STEP
    except (OverflowError, ValueError):
        return None
    return result


def last_moment(cut_s: float) -> datetime | None:
    """The latest moment whose ``timestamp()`` is not above ``cut_s``; None outside all years."""
    result = first_moment(cut_s)
    try:
        while result is not None and result.timestamp() <= cut_s:
            result += _STEP
        return result - _STEP if result is not None else None
    except OverflowError:
        return None
