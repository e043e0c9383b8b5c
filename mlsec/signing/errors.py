"""What verifying and signing raise: one error for bad data, one for bad use."""

from __future__ import annotations

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError


class SigningError(MlsecError):
    """Something that was to be verified or signed cannot be; never a verdict of "good"."""

    reason = GapReason.MALFORMED


class MalformedError(SigningError):
    """The bytes are not what their format demands."""


class OverLimitError(MalformedError):
    """A cap on bytes, depth, entries or chain length was reached."""

    reason = GapReason.OVER_LIMIT


class UnsupportedError(SigningError):
    """Well formed, but an algorithm, version or kind that is not on the closed list."""

    reason = GapReason.UNSUPPORTED


class UnreadError(SigningError):
    """What a store was asked for did not come: nothing is known of it, good or bad."""

    reason = GapReason.UNRESOLVED


class ChangedError(SigningError):
    """A file or folder changed while it was being read."""

    reason = GapReason.UNRESOLVED
