"""RFC 3161 timestamp tokens as they are read; nothing is verified here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from mlsec.signing.errors import MalformedError
from mlsec.signing.keys.algorithms import Algorithm
from mlsec.signing.timestamps import structures as asn1
from mlsec.signing.timestamps.structures import decode, element

MAX_BYTES = 64 * 1024
MAX_CERTIFICATES = 16
MAX_INTEGER_BITS = 512
_SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_RSA = "1.2.840.113549.1.1.1"  # PKCS#1 v1.5 with the hash that the digest algorithm names
_ALGORITHMS = {
    "1.2.840.113549.1.1.11": Algorithm.RSA_PKCS1_SHA256,
    "1.2.840.113549.1.1.12": Algorithm.RSA_PKCS1_SHA384,
    "1.2.840.113549.1.1.13": Algorithm.RSA_PKCS1_SHA512,
    "1.2.840.10045.4.3.2": Algorithm.ECDSA_SHA256,
    "1.2.840.10045.4.3.3": Algorithm.ECDSA_SHA384,
    "1.2.840.10045.4.3.4": Algorithm.ECDSA_SHA512,
    "1.3.101.112": Algorithm.ED25519,
}
_OID, _SEQUENCE, _SET = 0x06, 0x30, 0x31
# CertificateChoices of CMS: a certificate, or one of four kinds that are passed over.
_CERTIFICATES = frozenset({_SEQUENCE, 0xA0, 0xA1, 0xA2, 0xA3})


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """One token as read, not verified: what it states (``content``), and who signed that.

    ``attributes`` are the signer's (object identifier -> value in DER), ``signed_bytes`` what the
    signature covers, ``certificates`` those that came along, in DER.
    """

    generated_at: datetime
    imprint_hash: str
    imprint: bytes
    nonce: int | None
    content: bytes
    certificates: tuple[bytes, ...]
    signer: asn1.SignerInfo
    hash_name: str
    algorithm: Algorithm
    attributes: Mapping[str, bytes]
    signed_bytes: bytes


def read_timestamp(data: bytes) -> Timestamp:
    """Read a TimeStampResp, or the bare TimeStampToken out of one.

    Raises:
        MalformedError: over 64 KiB, not DER, refused by its authority, or another shape.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"timestamp larger than {MAX_BYTES} bytes")
    signed = _signed_data(data)
    content = signed.content_info.content
    info = decode(asn1.TSTInfo, content, "the timestamp's statement")
    if info.version != 1:
        raise MalformedError("a timestamp of an unknown version")
    if max(info.serial_number.bit_length(), (info.nonce or 0).bit_length()) >= MAX_INTEGER_BITS:
        raise MalformedError(f"a number in the timestamp has over {MAX_INTEGER_BITS} bits")
    signers = signed.signer_infos.as_list()
    if len(signers) != 1:
        raise MalformedError(f"a timestamp token has one signer, this one has {len(signers)}")
    attributes = signers[0].signed_attributes
    hash_name = hash_name_of(signers[0].digest_algorithm)
    return Timestamp(
        generated_at=info.gen_time.as_datetime(),
        imprint_hash=hash_name_of(info.message_imprint.hash_algorithm),
        imprint=info.message_imprint.hashed_message,
        nonce=info.nonce,
        content=content,
        certificates=_certificates(signed),
        signer=signers[0],
        hash_name=hash_name,
        algorithm=_algorithm(signers[0].signature_algorithm, hash_name),
        attributes=_attributes(element(attributes.tag_bytes[0], attributes.data)),
        # The signature covers the attributes as a SET, not under the tag they travel with.
        signed_bytes=element(_SET, attributes.data),
    )


def _signed_data(data: bytes) -> asn1.SignedData:
    # A token starts with an object identifier, a response with its status.
    if asn1.first_tag(data, "the timestamp") == _OID:
        token: asn1.ContentInfo | None = decode(asn1.ContentInfo, data, "the timestamp token")
    else:
        response = decode(asn1.TimeStampResp, data, "the timestamp response")
        status, token = response.status.status, response.token
        if status not in (0, 1):
            shown = f" (status {status})" if 0 <= status < 100 else ""
            raise MalformedError(f"the authority did not grant this timestamp{shown}")
    if token is None or token.content_type.dotted_string != _SIGNED_DATA:
        raise MalformedError("the timestamp holds no signed data")
    # The digest algorithms again, as a set in any order; the signer's own entry decides.
    if token.content.digest_algorithms.tag_bytes[0] != _SET:
        raise MalformedError("the signed data has no set of digest algorithms")
    if token.content.content_info.content_type.dotted_string != TST_INFO:
        raise MalformedError("the signed data is not a timestamp")
    return token.content


def _certificates(signed: asn1.SignedData) -> tuple[bytes, ...]:
    listed = signed.certificates or []
    if len(listed) > MAX_CERTIFICATES:
        raise MalformedError(f"more than {MAX_CERTIFICATES} certificates in one token")
    if not _CERTIFICATES.issuperset(item.tag_bytes[0] for item in listed):
        raise MalformedError("the token holds something else among its certificates")
    return tuple(element(_SEQUENCE, item.data) for item in listed if item.tag_bytes[0] == _SEQUENCE)


def hash_name_of(algorithm: asn1.AlgorithmIdentifier) -> str:
    """Return ``sha256``, ``sha384`` or ``sha512``.

    Raises:
        MalformedError: any other hash.
    """
    oid = algorithm.algorithm.dotted_string
    if oid not in _HASHES:
        raise MalformedError(f"hash {oid} is not accepted; wanted SHA-256, SHA-384 or SHA-512")
    return _HASHES[oid]


def _algorithm(identifier: asn1.AlgorithmIdentifier, hash_name: str) -> Algorithm:
    oid = identifier.algorithm.dotted_string
    if oid == _RSA:
        return Algorithm(f"rsa-pkcs1-{hash_name}")
    if oid not in _ALGORITHMS:
        raise MalformedError(f"signature algorithm {oid} is not accepted in a timestamp")
    return _ALGORITHMS[oid]


def _attributes(encoded: bytes) -> dict[str, bytes]:
    values_by_oid: dict[str, bytes] = {}
    signed = decode(asn1.Attributes, element(_SEQUENCE, encoded), "the signed attributes")
    for attribute in signed.attributes:
        oid, values = attribute.type.dotted_string, attribute.values.as_list()
        if oid in values_by_oid or len(values) != 1:
            raise MalformedError("a CMS attribute is repeated or has no single value")
        values_by_oid[oid] = element(values[0].tag_bytes[0], values[0].data)
    return values_by_oid
