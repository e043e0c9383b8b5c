"""Cryptographic Message Syntax: the one SignedData shape that timestamp tokens use (RFC 5652)."""

from __future__ import annotations

import hashlib

import msgspec

from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps import der

SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
MAX_CERTIFICATES = 16

DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}

# The hash that each signature algorithm fixes; "" where the digest algorithm beside it says.
SIGNATURES = {
    "1.2.840.113549.1.1.1": ("rsa", ""),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "1.3.101.112": ("ed25519", ""),
}

_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_KEY_ID_0 = 0x80


class SignerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One signer: which certificate, over which attributes, with what.

    ``issuer`` and ``serial`` name the certificate, or ``key_id`` does (its subject key id).
    ``signed_bytes`` is what the signature covers: the attributes as a SET.
    """

    issuer: bytes
    serial: int
    key_id: bytes
    digest: str
    kind: str
    signature_digest: str
    attributes: dict[str, bytes]
    signed_bytes: bytes
    signature: bytes


class SignedData(msgspec.Struct, frozen=True, kw_only=True):
    """A signed content with the certificates that came along (DER, not trusted for that)."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signer: SignerInfo


def read_signed_data(data: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData with exactly one signer.

    Raises:
        MalformedError: not DER, another shape, or an algorithm outside the closed lists.
    """
    outer = der.Fields(der.read(data, der.SEQUENCE).content)
    if der.dotted(outer.take(der.OID)) != SIGNED_DATA:
        raise MalformedError("a CMS structure that is no signed data")
    wrapped = outer.take(_CONTEXT_0)
    outer.end()
    fields = der.Fields(der.read(wrapped.content, der.SEQUENCE).content)
    der.integer(fields.take(der.INTEGER))
    fields.take(der.SET)  # the digest algorithms again; the signer's own entry decides
    content_type, content = _content(fields.take(der.SEQUENCE))
    certificates = _certificates(fields.maybe(_CONTEXT_0))
    fields.maybe(_CONTEXT_1)  # revocation lists that came along prove nothing by themselves
    signers = der.Fields(fields.take(der.SET).content).rest()
    fields.end()
    if len(signers) != 1:
        raise MalformedError(f"a timestamp token has one signer, this one has {len(signers)}")
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=certificates,
        signer=_signer(signers[0]),
    )


def _content(node: der.Node) -> tuple[str, bytes]:
    fields = der.Fields(node.content)
    content_type = der.dotted(fields.take(der.OID))
    wrapped = fields.take(_CONTEXT_0)
    fields.end()
    return content_type, der.read(wrapped.content, der.OCTET_STRING).content


def _certificates(node: der.Node | None) -> tuple[bytes, ...]:
    found = () if node is None else der.Fields(node.content).rest()
    if len(found) > MAX_CERTIFICATES:
        raise MalformedError(f"more than {MAX_CERTIFICATES} certificates in one token")
    return tuple(each.raw for each in found if each.tag == der.SEQUENCE)


def algorithm(node: der.Node) -> tuple[str, der.Node | None]:
    """Give an AlgorithmIdentifier's object identifier and parameters."""
    fields = der.Fields(node.content)
    name = der.dotted(fields.take(der.OID))
    parameters = fields.rest()
    if len(parameters) > 1:
        raise MalformedError("an algorithm with more than one set of parameters")
    return name, parameters[0] if parameters else None


def digest_name(node: der.Node) -> str:
    """Give the hash that an AlgorithmIdentifier names: sha256, sha384 or sha512, nothing weaker."""
    name, parameters = algorithm(node)
    if name not in DIGESTS or (parameters is not None and parameters.raw != b"\x05\x00"):
        raise MalformedError(f"hash {name} is not accepted; wanted SHA-256, SHA-384 or SHA-512")
    return DIGESTS[name]


def _signer(node: der.Node) -> SignerInfo:
    if node.tag != der.SEQUENCE:
        raise MalformedError("a CMS signer is no sequence")
    fields = der.Fields(node.content)
    der.integer(fields.take(der.INTEGER))
    issuer, serial, key_id = _signer_name(fields)
    digest = digest_name(fields.take(der.SEQUENCE))
    attributes = fields.take(_CONTEXT_0)
    name, _ = algorithm(fields.take(der.SEQUENCE))
    signature = fields.take(der.OCTET_STRING).content
    fields.maybe(_CONTEXT_1)
    fields.end()
    if name not in SIGNATURES:
        raise MalformedError(f"signature algorithm {name} is not accepted in a timestamp")
    kind, fixed = SIGNATURES[name]
    return SignerInfo(
        issuer=issuer,
        serial=serial,
        key_id=key_id,
        digest=digest,
        kind=kind,
        signature_digest=fixed or digest,
        attributes=_attributes(attributes),
        # The signature covers the attributes as a SET, not under the tag they travel with.
        signed_bytes=b"\x31" + attributes.raw[1:],
        signature=signature,
    )


def _signer_name(fields: der.Fields) -> tuple[bytes, int, bytes]:
    named = fields.maybe(_KEY_ID_0)
    if named is not None:
        return b"", 0, named.content
    inner = der.Fields(fields.take(der.SEQUENCE).content)
    issuer = inner.take(der.SEQUENCE).raw
    serial = der.integer(inner.take(der.INTEGER))
    inner.end()
    return issuer, serial, b""


def _attributes(node: der.Node) -> dict[str, bytes]:
    """Give each attribute's single value, as it stood; a repeated attribute is refused."""
    found: dict[str, bytes] = {}
    for each in der.Fields(node.content).rest():
        fields = der.Fields(each.content)
        name = der.dotted(fields.take(der.OID))
        values = der.Fields(fields.take(der.SET).content).rest()
        fields.end()
        if each.tag != der.SEQUENCE or name in found or len(values) != 1:
            raise MalformedError("a CMS attribute is repeated or has no single value")
        found[name] = values[0].raw
    return found


def names_certificate(signer: SignerInfo, certificate: bytes) -> bool:
    """Say whether the signer's attributes bind this certificate (RFC 2634, RFC 5035)."""
    second = signer.attributes.get(SIGNING_CERTIFICATE_V2)
    if second is not None:
        digest, expected = _certificate_hash(second, is_second=True)
        return hashlib.new(digest, certificate).digest() == expected
    first = signer.attributes.get(SIGNING_CERTIFICATE)
    if first is None:
        raise MalformedError("the timestamp does not say which certificate signed it")
    _, expected = _certificate_hash(first, is_second=False)
    # The first form knows SHA-1 only. It picks a certificate that must still lead to an anchor.
    return hashlib.sha1(certificate, usedforsecurity=False).digest() == expected


def _certificate_hash(value: bytes, *, is_second: bool) -> tuple[str, bytes]:
    listed = der.Fields(
        der.Fields(der.read(value, der.SEQUENCE).content).take(der.SEQUENCE).content
    )
    fields = der.Fields(listed.take(der.SEQUENCE).content)
    chosen = fields.maybe(der.SEQUENCE) if is_second else None
    digest = digest_name(chosen) if chosen is not None else "sha256"
    return digest, fields.take(der.OCTET_STRING).content
