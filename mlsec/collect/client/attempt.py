"""The one place where a foreign answer may raise anything: it ends the call and not the scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mlsec.collect.client.meter import AnswerLimits, Meter
from mlsec.collect.client.recording_client import StoppedError
from mlsec.collect.walk.call_failure import CallFailure, MalformedAnswerError
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError

T = TypeVar("T")


def attempt(work: Callable[[], T], meter: Meter) -> T | CallFailure:
    """Do what reads one answer, metered; give its result, or the reason why it has no result.

    Parsers of the SDKs raise anything on a hostile answer, and report a broken connection where
    the meter ended it: what the meter says goes before.
    """
    with meter:
        try:
            result: T | CallFailure = work()
        except (MlsecError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001 - recorded in the gap
            result = _unreadable(error)
    return meter.failure or result


def sign_in(provider: str, work: Callable[[], T]) -> T:
    """Do what signs in, metered.

    Raises:
        MlsecError: no sound answer came.
    """
    outcome = attempt(work, Meter(AnswerLimits()))
    if isinstance(outcome, CallFailure):
        raise MlsecError(
            f"the sign-in to {provider} got no sound answer: {outcome.detail}",
            hint="check the address that is asked, and the proxies on the way",
        )
    return outcome


def _unreadable(error: Exception) -> CallFailure:
    known = isinstance(error, MalformedAnswerError)
    return CallFailure(
        reason=GapReason.MALFORMED,
        code="Malformed" if known else "Unparsable",
        detail=str(error) if known else "the answer could not be parsed",
        is_worth_a_retry=True,
    )
