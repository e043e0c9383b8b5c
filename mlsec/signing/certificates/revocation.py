"""Certificate revocation lists: whether a certificate was revoked, or that it is unknown."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
from cryptography import x509
from cryptography.x509 import Certificate

from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import time_text

# After one of these the key was still its owner's, so what was signed before stays good.
_HARMLESS = {"superseded", "cessationOfOperation", "affiliationChanged"}


class RevocationList(msgspec.Struct, frozen=True, kw_only=True):
    """One list as read; ``live`` is cryptography's object. Its signature is not yet verified."""

    live: Any
    this_update: datetime.datetime
    next_update: datetime.datetime | None


def read_revocation_list(data: bytes) -> RevocationList:
    """Read one list, PEM or DER.

    Raises:
        MalformedError: not a revocation list.
        UnsupportedError: it covers only part of an authority's certificates.
    """
    load = x509.load_pem_x509_crl if b"-----BEGIN" in data else x509.load_der_x509_crl
    try:
        live = load(data)
        critical = [entry.oid.dotted_string for entry in live.extensions if entry.critical]
        this_update, next_update = live.last_update_utc, live.next_update_utc
    except (ValueError, x509.DuplicateExtension, x509.InvalidVersion):
        raise MalformedError("is not a certificate revocation list") from None
    if critical:
        raise UnsupportedError(
            "the revocation list has a critical extension, so it may not cover everything",
            hint="ask the authority for its full list",
        )
    return RevocationList(live=live, this_update=this_update, next_update=next_update)


def check_not_revoked(
    path: Sequence[Certificate],
    lists: Sequence[RevocationList],
    *,
    now: datetime.datetime,
    signed_at: datetime.datetime | None,
) -> None:
    """Check every certificate below the anchor against its issuer's current list.

    Args:
        path: from the signer's certificate to the anchor.
        lists: what the policy brings.
        now: by when a list must not be out of date.
        signed_at: a trusted time of signing; None when there is none.

    Raises:
        CheckFailedError: a certificate was revoked (before ``signed_at`` where the reason leaves
            earlier signatures good).
        UnsupportedError: an issuer has no current list, so it is not known.
    """
    for certificate, issuer in itertools.pairwise(path):
        current = [listed for listed in lists if _is_issued_by(listed, issuer)]
        if not current:
            raise UnsupportedError(
                "no revocation list of the issuer, so it is not known whether the certificate"
                " was revoked",
                hint="add the authority's current list under crls",
            )
        for listed in current:
            _check_entry(certificate, listed, signed_at)
        if all(listed.next_update is None or listed.next_update < now for listed in current):
            raise UnsupportedError(
                "the issuer's revocation list is out of date", hint="fetch the current list"
            )


def _is_issued_by(listed: RevocationList, issuer: Certificate) -> bool:
    if listed.live.issuer != issuer.subject:
        return False
    try:
        return bool(listed.live.is_signature_valid(issuer.public_key()))
    except (TypeError, ValueError):
        return False


def _check_entry(
    certificate: Certificate, listed: RevocationList, signed_at: datetime.datetime | None
) -> None:
    entry = listed.live.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, ValueError):
        reason = "unspecified"
    at = entry.revocation_date_utc
    if signed_at is not None and signed_at < at and reason in _HARMLESS:
        return
    raise CheckFailedError(
        "the certificate was revoked",
        expected="a certificate that is not on the issuer's list",
        actual=f"serial {certificate.serial_number:x}, {reason}, {time_text(at)}",
        hint="sign the model again with a valid certificate",
    )
