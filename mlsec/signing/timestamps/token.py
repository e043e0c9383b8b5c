"""RFC 3161 timestamps: read strictly, believed only from an authority the policy names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.certificates.certificate import (
    Authority,
    Purpose,
    read_certificate,
    verify_path,
)
from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps import cms, der
from mlsec.signing.verdicts.steps import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TST_INFO = "1.2.840.113549.1.9.16.1.4"
MAX_BYTES = 64 * 1024


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """One token as read: what it says, and the signed structure that says it. Nothing verified."""

    generated_at: datetime
    imprint_digest: str
    imprint: bytes
    policy: str
    serial: int
    signed: cms.SignedData
    nonce: int | None = None


def read_timestamp(data: bytes) -> Timestamp:
    """Read a TimeStampResp, or the bare TimeStampToken out of one.

    Raises:
        MalformedError: over 64 KiB, not DER, refused by its authority, or another shape.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"timestamp larger than {MAX_BYTES} bytes")
    outer = der.read(data, der.SEQUENCE)
    fields = der.Fields(outer.content)
    if fields.peek() == der.SEQUENCE:
        status = der.Fields(fields.take(der.SEQUENCE).content)
        granted = der.integer(status.take(der.INTEGER))
        if granted not in {0, 1}:
            raise MalformedError(f"the authority did not grant this timestamp (status {granted})")
        outer = fields.take(der.SEQUENCE)
        fields.end()
    signed = cms.read_signed_data(outer.raw)
    if signed.content_type != TST_INFO:
        raise MalformedError("a signed structure that is no timestamp")
    return _statement(signed)


def _statement(signed: cms.SignedData) -> Timestamp:
    fields = der.Fields(der.read(signed.content, der.SEQUENCE).content)
    if der.integer(fields.take(der.INTEGER)) != 1:
        raise MalformedError("a timestamp of an unknown version")
    policy = der.dotted(fields.take(der.OID))
    imprint = der.Fields(fields.take(der.SEQUENCE).content)
    digest = cms.digest_name(imprint.take(der.SEQUENCE))
    hashed = imprint.take(der.OCTET_STRING).content
    imprint.end()
    serial = der.integer(fields.take(der.INTEGER))
    generated_at = der.moment(fields.take(der.GENERALIZED_TIME))
    # Accuracy, ordering, nonce, name of the authority, extensions: in this order, none needed.
    optional = [fields.maybe(tag) for tag in (der.SEQUENCE, der.BOOLEAN, der.INTEGER, 0xA0, 0xA1)]
    fields.end()
    nonce = optional[2]
    return Timestamp(
        generated_at=generated_at,
        imprint_digest=digest,
        imprint=hashed,
        policy=policy,
        serial=serial,
        signed=signed,
        nonce=der.integer(nonce) if nonce else None,
    )


def verify_timestamp(stamp: Timestamp, data: bytes, authorities: Sequence[Authority]) -> datetime:
    """Give the moment at which ``data`` existed, according to one of the authorities.

    Raises:
        RefusedError: over other data, by nobody in ``authorities``, or outside the validity of
            the authority or of its certificates at that moment.
    """
    if hashlib.new(stamp.imprint_digest, data).digest() != stamp.imprint:
        raise RefusedError("the timestamp was made over other data than this signature")
    _check_attributes(stamp)
    reasons = []
    for authority in authorities:
        try:
            _verify_by(stamp, authority)
        except RefusedError as error:
            reasons.append(error.message)
        else:
            return stamp.generated_at
    if not reasons:
        raise RefusedError("there is a timestamp, but the policy names no timestamp authority")
    raise RefusedError(f"no trusted authority made this timestamp: {'; '.join(reasons[:4])}")


def _check_attributes(stamp: Timestamp) -> None:
    signer = stamp.signed.signer
    kind = signer.attributes.get(cms.CONTENT_TYPE, b"")
    stated = signer.attributes.get(cms.MESSAGE_DIGEST, b"")
    if not kind or der.dotted(der.read(kind, der.OID)) != TST_INFO:
        raise RefusedError("the timestamp's signed attributes name another content type")
    actual = hashlib.new(signer.digest, stamp.signed.content).digest()
    if not stated or der.read(stated, der.OCTET_STRING).content != actual:
        raise RefusedError("the timestamp's content was changed after it was signed")


def _verify_by(stamp: Timestamp, authority: Authority) -> None:
    at = stamp.generated_at
    if not authority.is_trusted_at(at):
        raise RefusedError("made outside the time in which this authority is trusted")
    signer = _signing_certificate(stamp, authority)
    _check_signature(stamp.signed.signer, signer)
    embedded = [read_certificate(each) for each in stamp.signed.certificates]
    between = [*authority.chain[:-1], *embedded]
    verify_path(signer, between, authority.chain[-1:], at, Purpose.TIME_STAMPING)
    if _named_signer(authority) not in (None, signer):
        raise RefusedError("another certificate made it than the one that is trusted to")


def _signing_certificate(stamp: Timestamp, authority: Authority) -> Certificate:
    """Pick the certificate that the token names, from the authority first, then from the token."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    signer = stamp.signed.signer
    known = {each.public_bytes(Encoding.DER): each for each in authority.chain[:-1]}
    for encoded in (*known, *stamp.signed.certificates):
        if not cms.names_certificate(signer, encoded):
            continue
        certificate = known.get(encoded) or read_certificate(encoded)
        if _is_named(signer, certificate):
            return certificate
    raise RefusedError("the certificate that signed the timestamp is not known")


def _named_signer(authority: Authority) -> Certificate | None:
    """Give the one certificate that may make timestamps, where the authority's chain names it."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound  # noqa: PLC0415

    first = authority.chain[0]
    if len(authority.chain) == 1:
        return None
    try:
        basic = first.extensions.get_extension_for_class(BasicConstraints).value
    except ExtensionNotFound:
        return first
    return None if basic.ca else first


def _is_named(signer: cms.SignerInfo, certificate: Certificate) -> bool:
    from cryptography.x509 import ExtensionNotFound, SubjectKeyIdentifier  # noqa: PLC0415

    if signer.key_id:
        try:
            found = certificate.extensions.get_extension_for_class(SubjectKeyIdentifier)
        except ExtensionNotFound:
            return False
        return found.value.digest == signer.key_id
    issuer = certificate.issuer.public_bytes()
    return issuer == signer.issuer and certificate.serial_number == signer.serial


def _check_signature(signer: cms.SignerInfo, certificate: Certificate) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa  # noqa: PLC0415

    key = certificate.public_key()
    digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[
        signer.signature_digest
    ]
    try:
        if signer.kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signer.signature, signer.signed_bytes, padding.PKCS1v15(), digest)
        elif signer.kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer.signature, signer.signed_bytes, ec.ECDSA(digest))
        elif signer.kind == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signer.signature, signer.signed_bytes)
        else:
            raise RefusedError("the timestamp's signature is of another kind than its key")
    except InvalidSignature:
        raise RefusedError("the timestamp's signature does not fit its certificate") from None
