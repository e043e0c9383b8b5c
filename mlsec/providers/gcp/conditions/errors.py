"""What can be wrong with a condition."""

from __future__ import annotations


class NotUnderstoodError(Exception):
    """An expression that is not of the documented language; the text says what."""


class EvaluationError(Exception):
    """An expression that has no value for a request: to Google, a condition that is not met."""
