"""ASN.1 structures of RFC 3161 timestamps, decoded as strict DER by ``cryptography``.

``list`` is SEQUENCE OF and, under a context tag, SET OF in any order: authorities do not sort the
sets of CMS. Sources: RFC 3161, RFC 5652 (CMS), RFC 2634 and RFC 5035 (signing certificate).
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from cryptography.hazmat import asn1
from cryptography.hazmat.asn1 import TLV, Explicit, GeneralizedTime, Implicit, SetOf
from cryptography.x509 import ObjectIdentifier

from mlsec.signing.errors import MalformedError

T = TypeVar("T")
_KIND = re.compile(r"kind: (\w+)")


def decode(kind: type[T], data: bytes, what: str) -> T:
    """Decode the one element that fills ``data``.

    Raises:
        MalformedError: not DER, another structure, or bytes after it.
    """
    try:
        return asn1.decode_der(kind, data)
    except (ValueError, OverflowError) as error:
        reason = _KIND.search(str(error))
        shown = f" ({reason[1]})" if reason else ""
        raise MalformedError(f"{what} is not the expected structure in DER{shown}") from None


def decode_oid(data: bytes, what: str) -> str:
    """Decode an object identifier into its dotted form; raises as ``decode``."""
    return decode(ObjectIdentifier, data, what).dotted_string


def first_tag(data: bytes, what: str) -> int:
    """Return the tag of the first element inside the one that fills ``data``, 0 where it is empty.

    Raises:
        MalformedError: not DER, or bytes after it.
    """
    content = decode(TLV, data, what).data
    return content[0] if len(content) else 0


def element(tag: int, content: bytes | memoryview) -> bytes:
    """Encode an element of a one-byte tag around encoded content."""
    # DER spells a length in one way, so the head of an OCTET STRING serves every tag.
    return bytes((tag,)) + asn1.encode_der(bytes(content))[1:]


@asn1.sequence
class AlgorithmIdentifier:
    """An algorithm of which only the name matters: parameters are absent or NULL."""

    algorithm: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class MessageImprint:
    hash_algorithm: AlgorithmIdentifier
    hashed_message: bytes


@asn1.sequence
class TimeStampReq:
    version: int
    message_imprint: MessageImprint
    nonce: int
    cert_req: bool


@asn1.sequence
class TSTInfo:
    version: int
    policy: ObjectIdentifier
    message_imprint: MessageImprint
    serial_number: int
    gen_time: GeneralizedTime
    accuracy: list[TLV] | None
    ordering: bool | None
    nonce: int | None
    tsa: Annotated[list[TLV] | None, Implicit(0)]
    extensions: Annotated[list[TLV] | None, Implicit(1)]


@asn1.sequence
class Attribute:
    type: ObjectIdentifier
    values: SetOf[TLV]


@asn1.sequence
class Attributes:
    """The signed attributes under the tag that they have in a SignerInfo."""

    attributes: Annotated[list[Attribute], Implicit(0)]


@asn1.sequence
class IssuerAndSerialNumber:
    issuer: TLV
    serial_number: int


@asn1.sequence
class SignerInfo:
    """One signer; ``sid`` names its certificate, or is the certificate's subject key id."""

    version: int
    sid: IssuerAndSerialNumber | Annotated[bytes, Implicit(0)]
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: TLV
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attributes: Annotated[list[TLV] | None, Implicit(1)]


@asn1.sequence
class EncapsulatedContentInfo:
    content_type: ObjectIdentifier
    content: Annotated[bytes, Explicit(0)]


@asn1.sequence
class SignedData:
    version: int
    digest_algorithms: TLV
    content_info: EncapsulatedContentInfo
    certificates: Annotated[list[TLV] | None, Implicit(0)]
    crls: Annotated[list[TLV] | None, Implicit(1)]
    signer_infos: SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    content_type: ObjectIdentifier
    content: Annotated[SignedData, Explicit(0)]


@asn1.sequence
class PKIStatusInfo:
    status: int
    status_string: list[TLV] | None
    failure: asn1.BitString | None


@asn1.sequence
class TimeStampResp:
    status: PKIStatusInfo
    token: ContentInfo | None


@asn1.sequence
class ESSCertIDv2:
    """The hash of a certificate: SHA-256 where none is named, SHA-1 in the first form."""

    hash_algorithm: AlgorithmIdentifier | None
    hash: bytes
    issuer_serial: list[TLV] | None


@asn1.sequence
class SigningCertificateV2:
    """The attribute in its second form, and in its first, which knows no algorithms."""

    certificates: list[ESSCertIDv2]
    policies: list[TLV] | None
