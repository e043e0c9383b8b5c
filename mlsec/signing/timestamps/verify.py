"""Verification of a timestamp: its imprint, its signature and its authority.

rfc3161-client judges by the present time and reads whole responses only; here a token is judged at
the time that it states.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import BasicConstraints, Certificate, SubjectKeyIdentifier

from mlsec.signing.certificates.certificate import (
    Authority,
    Purpose,
    extension_of,
    read_certificate,
    verify_path,
)
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.keys.algorithms import verify_signature
from mlsec.signing.keys.public_keys import public_key_of
from mlsec.signing.timestamps import structures as asn1
from mlsec.signing.timestamps.structures import decode, decode_oid, element
from mlsec.signing.timestamps.token import TST_INFO, Timestamp, hash_name_of
from mlsec.signing.verdicts.steps import CheckFailedError

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


def verify_timestamp(stamp: Timestamp, data: bytes, authorities: Sequence[Authority]) -> datetime:
    """Return the moment at which ``data`` existed, according to one of the authorities.

    Raises:
        CheckFailedError: over other data, by none of ``authorities``, or outside the validity of
            the authority or of its certificates at that moment.
        MalformedError: an attribute or certificate that cannot be read.
    """
    if hashlib.new(stamp.imprint_hash, data).digest() != stamp.imprint:
        raise CheckFailedError("the timestamp covers other data than this signature")
    _check_attributes(stamp)
    reasons = []
    for authority in authorities:
        try:
            _verify_by(stamp, authority)
        except (CheckFailedError, UnsupportedError) as error:
            reasons.append(error.message)
        else:
            return stamp.generated_at
    if not reasons:
        raise CheckFailedError("there is a timestamp, but the policy names no timestamp authority")
    raise CheckFailedError(f"no trusted authority made this timestamp: {'; '.join(reasons[:4])}")


def _check_attributes(stamp: Timestamp) -> None:
    content_type = stamp.attributes.get(_CONTENT_TYPE)
    digest = stamp.attributes.get(_MESSAGE_DIGEST)
    if content_type is None or decode_oid(content_type, "the content type") != TST_INFO:
        raise CheckFailedError("the timestamp's signed attributes name another content type")
    actual = hashlib.new(stamp.hash_name, stamp.content).digest()
    if digest is None or decode(bytes, digest, "the message digest") != actual:
        raise CheckFailedError("the timestamp's content was changed after it was signed")


def _verify_by(stamp: Timestamp, authority: Authority) -> None:
    at = stamp.generated_at
    if not authority.is_trusted_at(at):
        raise CheckFailedError("made outside the period in which this authority is trusted")
    certificate = _signing_certificate(stamp, authority)
    key = public_key_of(certificate.public_key(), "the timestamp authority's key")
    if not verify_signature(key, stamp.algorithm, stamp.signer.signature, data=stamp.signed_bytes):
        raise CheckFailedError("the timestamp's signature does not match its certificate")
    embedded = [read_certificate(encoded) for encoded in stamp.certificates]
    intermediates = [*authority.chain[:-1], *embedded]
    verify_path(certificate, intermediates, authority.chain[-1:], at, Purpose.TIME_STAMPING)
    if _only_signer(authority) not in (None, certificate):
        raise CheckFailedError("it was made by a certificate other than the trusted one")


def _signing_certificate(stamp: Timestamp, authority: Authority) -> Certificate:
    """Find the certificate that the token names, at the authority first, then in the token."""
    known = {item.public_bytes(Encoding.DER): item for item in authority.chain[:-1]}
    for encoded in (*known, *stamp.certificates):
        if not _is_bound(stamp.attributes, encoded):
            continue
        certificate = known.get(encoded) or read_certificate(encoded)
        if _is_named(stamp.signer.sid, certificate):
            return certificate
    raise CheckFailedError("the certificate that signed the timestamp is not known")


def _is_bound(attributes: Mapping[str, bytes], certificate: bytes) -> bool:
    """Whether the signed attributes hold the hash of this certificate (RFC 2634, RFC 5035)."""
    second = attributes.get(_SIGNING_CERTIFICATE_V2)
    value = second or attributes.get(_SIGNING_CERTIFICATE)
    listed = decode(asn1.SigningCertificateV2, value, "the signing certificate") if value else None
    if listed is None or not listed.certificates:
        raise MalformedError("the timestamp does not say which certificate signed it")
    bound = listed.certificates[0]
    if second is None:
        if bound.hash_algorithm is not None:
            raise MalformedError("the first form of the signing certificate knows SHA-1 only")
        # It picks a certificate that must still lead to an anchor.
        return hashlib.sha1(certificate, usedforsecurity=False).digest() == bound.hash
    name = hash_name_of(bound.hash_algorithm) if bound.hash_algorithm else "sha256"
    return hashlib.new(name, certificate).digest() == bound.hash


def _is_named(sid: asn1.IssuerAndSerialNumber | bytes, certificate: Certificate) -> bool:
    if isinstance(sid, bytes):
        identifier = extension_of(certificate, SubjectKeyIdentifier)
        return identifier is not None and identifier.digest == sid
    issuer = element(sid.issuer.tag_bytes[0], sid.issuer.data)
    return (certificate.issuer.public_bytes(), certificate.serial_number) == (
        issuer,
        sid.serial_number,
    )


def _only_signer(authority: Authority) -> Certificate | None:
    """Return the one certificate that may make timestamps, where the authority's chain names it."""
    if len(authority.chain) == 1:
        return None
    constraints = extension_of(authority.chain[0], BasicConstraints)
    return None if constraints is not None and constraints.ca else authority.chain[0]
