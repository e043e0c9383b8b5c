"""Three-valued answers that remember why they are unknown."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.core.enums import Truth


class Answer(msgspec.Struct, frozen=True):
    """Yes, no or unknown; ``because`` holds gap ids and, after a ``?``, conditions not understood.

    Only an unknown answer has reasons.
    """

    truth: Truth
    because: frozenset[str] = frozenset()


YES = Answer(Truth.TRUE)
NO = Answer(Truth.FALSE)


# A relation is taken to be whole when nothing hides a part of it: every doubt has a reason.
_UNSAID = frozenset({"?an unknown value"})


def unknown(because: Iterable[str] = ()) -> Answer:
    """Make an answer that cannot be given, with the reasons: never without any."""
    return Answer(Truth.UNKNOWN, frozenset(because) or _UNSAID)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes if one is yes; else unknown if one is unknown; else no."""
    reasons: set[str] = set()
    is_known = True
    for answer in answers:
        if answer.truth is Truth.TRUE:
            return YES
        if answer.truth is Truth.UNKNOWN:
            is_known = False
            reasons |= answer.because
    return NO if is_known else unknown(reasons)


def all_of(answers: Iterable[Answer]) -> Answer:
    """No if one is no; else unknown if one is unknown; else yes."""
    reasons: set[str] = set()
    is_known = True
    for answer in answers:
        if answer.truth is Truth.FALSE:
            return NO
        if answer.truth is Truth.UNKNOWN:
            is_known = False
            reasons |= answer.because
    return YES if is_known else unknown(reasons)


def not_(answer: Answer) -> Answer:
    """Turn yes and no around; unknown stays unknown, with its reasons."""
    match answer.truth:
        case Truth.TRUE:
            return NO
        case Truth.FALSE:
            return YES
        case Truth.UNKNOWN:
            return answer
