"""What a reader raises when the bytes are not what the format says."""

from __future__ import annotations

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError


class ArtifactError(MlsecError):
    """The file is broken where it was read; what was found before stays found."""

    reason = GapReason.MALFORMED


class OverLimitError(ArtifactError):
    """A cap on size, ratio, depth, members or time was reached."""

    reason = GapReason.OVER_LIMIT


class UnsupportedError(ArtifactError):
    """The format is known and cannot be read here, as an optional package is missing."""

    reason = GapReason.UNSUPPORTED


class ChangedError(ArtifactError):
    """The file changed after it was opened; its bytes are not malformed."""

    reason = GapReason.UNRESOLVED
