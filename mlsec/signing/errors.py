"""The errors of verifying and signing."""

from __future__ import annotations

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError


class SigningError(MlsecError):
    """Something cannot be verified or signed; never taken as a good verdict."""

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
    """A store did not deliver what was asked for, so that nothing is known of it."""

    reason = GapReason.UNRESOLVED


class ChangedError(SigningError):
    """A file or folder changed while it was being read."""

    reason = GapReason.UNRESOLVED
