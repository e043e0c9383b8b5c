"""Why a call gave no answer, in the words that every provider's errors are turned into."""

from __future__ import annotations

import msgspec

from mlsec.core.enums import GapReason

EXPIRED_DETAIL = "credentials expired"
SKEWED_DETAIL = "this machine's clock is wrong"
SERVER_DETAIL = "server error"
# What may be otherwise a moment later: such a call is asked again on resume.
PASSING_DETAILS = (EXPIRED_DETAIL, SKEWED_DETAIL, SERVER_DETAIL)


class CallFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call gave no answer. ``is_worth_a_retry``: it may go better a moment later.

    ``slows``: the service asked us to slow down. ``is_expired``: no further call can succeed.
    ``is_unreachable``: there is no such host, as for a service that a region does not have.
    ``is_stale_page``: only a page token was refused; the listing can be begun again.
    ``right`` is the missing one where it is not the operation's own (of the project that pays).
    """

    reason: GapReason
    code: str = ""
    detail: str = ""
    is_worth_a_retry: bool = False
    slows: bool = False
    is_expired: bool = False
    is_unreachable: bool = False
    is_stale_page: bool = False
    right: str = ""
    retry_after_s: float = 0.0


class MalformedAnswerError(Exception):
    """The answer cannot be what the service says it is."""
