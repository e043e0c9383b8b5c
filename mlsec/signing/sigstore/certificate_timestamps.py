"""Signed certificate timestamps (RFC 6962): the proof that a certificate was logged."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

from mlsec.signing.certificates.certificate import extension_of
from mlsec.signing.errors import MalformedError
from mlsec.signing.sigstore.log_keys import LogKey, find_log
from mlsec.signing.verdicts.steps import CheckFailedError

MAX_TIMESTAMPS = 16


def verify_logged(leaf: Certificate, issuer: Certificate, logs: tuple[LogKey, ...]) -> None:
    """Check that a certificate log of the trusted root promised to publish ``leaf``.

    Raises:
        CheckFailedError: no timestamp in the certificate, none by a listed log that fits, or one at
            a moment at which its log was not trusted.
    """
    stamps = _embedded(leaf)
    known = [stamp for stamp in stamps if any(log.key_id == stamp.log_id for log in logs)]
    if not known:
        raise CheckFailedError(
            "no certificate log of the trusted root vouches for the certificate",
            actual=", ".join(stamp.log_id.hex() for stamp in stamps),
        )
    for stamp in known:
        log = find_log(logs, stamp.log_id)
        if not log.has_signed(_signed_bytes(stamp, leaf, issuer), stamp.signature):
            raise CheckFailedError("the certificate log's signature is not over this certificate")
        made_at = stamp.timestamp.replace(tzinfo=UTC)
        if not log.is_valid_at(made_at):
            raise CheckFailedError("the certificate log was not trusted then", actual=str(made_at))


def _embedded(leaf: Certificate) -> tuple[SignedCertificateTimestamp, ...]:
    extension = extension_of(leaf, x509.PrecertificateSignedCertificateTimestamps)
    if extension is None:
        raise CheckFailedError("the certificate carries no signed certificate timestamp")
    stamps = tuple(extension)
    if not 1 <= len(stamps) <= MAX_TIMESTAMPS:
        raise MalformedError(f"a certificate with {len(stamps)} certificate timestamps")
    return stamps


def _signed_bytes(
    stamp: SignedCertificateTimestamp, leaf: Certificate, issuer: Certificate
) -> bytes:
    """Build what the log signed: version 1, the time, and the certificate without its timestamps.

    The issuer's key is part of it, so that a namesake's certificate does not fit.
    """
    if not isinstance(stamp.signature_hash_algorithm, hashes.SHA256):
        raise CheckFailedError("a certificate timestamp with another hash than SHA-256")
    public = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    body = leaf.tbs_precertificate_bytes
    milliseconds = int(stamp.timestamp.replace(tzinfo=UTC).timestamp() * 1000)
    head = struct.pack("!BBQH", 0, 0, milliseconds, 1)
    extensions = struct.pack("!H", len(stamp.extension_bytes)) + stamp.extension_bytes
    length = len(body).to_bytes(3, "big")
    return head + hashlib.sha256(public).digest() + length + body + extensions
