"""The time of a signature according to the timestamp authorities that the policy names."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.errors import SigningError
from mlsec.signing.trust.policy import TimestampRequirement
from mlsec.signing.verdicts.verdict import (
    Check,
    TimeSource,
    TrustedTime,
    failed,
    not_checked,
    passed,
)

if TYPE_CHECKING:
    from mlsec.signing.certificates.certificate import Authority

_ID = "timestamp/trusted"
_CLOCK_SKEW = datetime.timedelta(minutes=5)
_FIX = "have the signature stamped by an authority that the anchor lists under tsa"


class TrustedTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The times that can be relied on, earliest first, and the checks of each token."""

    times: tuple[TrustedTime, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def earliest(self) -> datetime.datetime | None:
        """The earliest trusted time; None without one."""
        return self.times[0].at if self.times else None


def trusted_times(
    tokens: Sequence[bytes],
    signature: bytes,
    authorities: Sequence[Authority],
    requirement: TimestampRequirement,
    now: datetime.datetime,
) -> TrustedTimes:
    """Verify the tokens that come with a signature.

    Args:
        tokens: DER, as in the bundle.
        signature: the bytes that a token must be over.
        authorities: whose tokens count; with none, tokens are reported but not believed.
        requirement: whether a token is asked for.
        now: no token may be from later.
    """
    if requirement is TimestampRequirement.NEVER:
        return TrustedTimes()
    if tokens and not authorities and requirement is TimestampRequirement.WHEN_EXPIRED:
        note = not_checked(
            _ID,
            "there is a timestamp, but the anchor names no timestamp authority",
            fix="add the authority's root certificate under tsa",
            is_fatal=False,
        )
        return TrustedTimes(checks=(note,))
    names = " or ".join(authority.name for authority in authorities if authority.name)
    times: list[TrustedTime] = []
    checks: list[Check] = []
    for token in tokens:
        try:
            at = _verified(token, signature, authorities)
        except SigningError as error:
            checks.append(failed(_ID, error.message, fix=_FIX))
            continue
        if at > now + _CLOCK_SKEW:
            checks.append(failed(_ID, "the timestamp is from the future", actual=f"{at}"))
            continue
        checks.append(passed(_ID, "a timestamp authority of the policy saw the signature"))
        source = TimeSource.TIMESTAMP_AUTHORITY
        times.append(TrustedTime(at=at, source=source, authority=names))
    if requirement is TimestampRequirement.REQUIRED and not times:
        checks.append(failed("timestamp/present", "no trusted timestamp", fix=_FIX))
    if times:
        # One good token is enough; what is wrong with others is reported, no more.
        checks = [msgspec.structs.replace(check, is_fatal=False) for check in checks]
    times.sort(key=lambda time: time.at)
    return TrustedTimes(times=tuple(times), checks=tuple(checks))


def _verified(
    token: bytes, signature: bytes, authorities: Sequence[Authority]
) -> datetime.datetime:
    from mlsec.signing.timestamps.token import read_timestamp  # noqa: PLC0415
    from mlsec.signing.timestamps.verify import verify_timestamp  # noqa: PLC0415

    return verify_timestamp(read_timestamp(token), signature, authorities)
