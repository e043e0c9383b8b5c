"""Sigstore bundles v0.1 to v0.3 and bare DSSE envelopes as decoded, frozen values."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from mlsec.signing.bundles import json_schema as wire
from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits, base64_bytes, loads
from mlsec.signing.errors import MalformedError, UnsupportedError

MEDIA_TYPES = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": (0, 1),
    "application/vnd.dev.sigstore.bundle+json;version=0.2": (0, 2),
    "application/vnd.dev.sigstore.bundle+json;version=0.3": (0, 3),
    "application/vnd.dev.sigstore.bundle.v0.3+json": (0, 3),
}
MAX_BUNDLE_BYTES = 64 << 20
MAX_BUNDLE_BYTES = 64 << 20
MAX_CERTIFICATES = 16
MAX_SIGNATURES = 16
MAX_LOG_ENTRIES = 32
MAX_TIMESTAMPS = 32
MAX_PROOF_HASHES = 64
MAX_LINES = 10_000


class MaterialKind(enum.Enum):
    """Which of the bundle's alternatives names the signer."""

    PUBLIC_KEY = "publicKey"
    CERTIFICATE = "certificate"
    CHAIN = "x509CertificateChain"
    NONE = "none"


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """A Merkle path from the entry to a root; hashes are from leaf to root, raw bytes."""

    log_index: int
    root_hash: bytes
    tree_size: int
    hashes: tuple[bytes, ...]
    checkpoint: str


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One transparency log entry; ``integrated_time`` is a Unix time, 0 when the log gives none.

    ``log_id`` is the raw key id; ``promise`` the signed entry timestamp, b"" without one.
    """

    log_index: int
    log_id: bytes
    kind: str
    kind_version: str
    integrated_time: int
    promise: bytes
    proof: InclusionProof | None
    canonicalized_body: bytes


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with a signature to verify it: certificates are DER, the signer's first.

    ``public_key_hint`` is what the bundle says of a key ("" when it says nothing), and
    ``public_key_der`` the key that bundles before model-signing 1.1 carry; neither is trusted.
    ``timestamps`` are DER RFC 3161 tokens or responses.
    """

    kind: MaterialKind
    certificates: tuple[bytes, ...] = ()
    public_key_hint: str = ""
    public_key_der: bytes = b""
    log_entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()


class EnvelopeSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of an envelope; ``key_id`` is an unauthenticated hint."""

    signature: bytes
    key_id: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A DSSE envelope: the signatures are over ``dsse.pae(payload_type, payload)``."""

    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature over one blob; the digest is what the signer says, not yet compared.

    ``digest_algorithm`` is as written (``SHA2_256``), "" when the bundle has no digest.
    """

    digest_algorithm: str
    digest: bytes
    signature: bytes


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """One bundle: exactly one of ``envelope`` and ``message`` is there.

    ``version`` is (0, 1) to (0, 3), and (0, 0) with media type "" for a bare DSSE envelope.
    """

    media_type: str
    version: tuple[int, int]
    material: Material
    envelope: Envelope | None = None
    message: MessageSignature | None = None


def parse_bundle(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> Bundle:
    """Parse one Sigstore bundle or bare DSSE envelope; nothing is verified yet.

    Raises:
        MalformedError: not strict JSON, an unknown or missing field, both or none of the
            alternatives, base64 that is not canonical, over a cap.
        UnsupportedError: a media type that is not on the list.
    """
    return bundle_of(loads(data, "bundle", limits))


def parse_bundles(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> tuple[Bundle, ...]:
    """Parse a file of bundles, one a line (``.jsonl``), or a single one over several lines."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) > MAX_LINES:
        raise MalformedError(f"more than {MAX_LINES} bundles in one file")
    if len(lines) > 1 and all(line.lstrip()[:1] == b"{" for line in lines) and len(lines[0]) > 1:
        return tuple(parse_bundle(line, limits) for line in lines)
    return (parse_bundle(data, limits),)


def bundle_of(document: Any) -> Bundle:
    """Turn a parsed JSON document (``strictjson.loads``) into a bundle; raises as parse_bundle."""
    if isinstance(document, dict) and "payloadType" in document:
        envelope = _envelope(wire.read(document, wire.Envelope, "envelope"))
        material = Material(kind=MaterialKind.NONE)
        return Bundle(media_type="", version=(0, 0), material=material, envelope=envelope)
    if not isinstance(document, dict) or not isinstance(document.get("mediaType"), str):
        raise MalformedError('bundle has no "mediaType", so it is not a Sigstore bundle')
    version = MEDIA_TYPES.get(document["mediaType"])
    if version is None:
        raise UnsupportedError(f'bundle has the unknown media type "{document["mediaType"][:100]}"')
    raw = wire.read(document, wire.Bundle, "bundle")
    if (raw.dsse_envelope is None) == (raw.message_signature is None):
        raise MalformedError("bundle needs one of dsseEnvelope and messageSignature")
    return Bundle(
        media_type=raw.media_type,
        version=version,
        material=_material(raw.verification_material),
        envelope=_envelope(raw.dsse_envelope) if raw.dsse_envelope else None,
        message=_message(raw.message_signature) if raw.message_signature else None,
    )


def _material(raw: wire.Material) -> Material:
    named = (raw.public_key, raw.certificate, raw.x509_certificate_chain)
    if sum(one is not None for one in named) > 1:
        raise MalformedError("bundle names its signer in more than one way")
    kind = MaterialKind.NONE
    certificates: tuple[wire.Certificate, ...] = ()
    if raw.public_key is not None:
        kind = MaterialKind.PUBLIC_KEY
    elif raw.certificate is not None:
        kind, certificates = MaterialKind.CERTIFICATE, (raw.certificate,)
    elif raw.x509_certificate_chain is not None:
        kind, certificates = MaterialKind.CHAIN, raw.x509_certificate_chain.certificates
        if not certificates:
            raise MalformedError("bundle has an empty certificate chain")
    _cap(certificates, MAX_CERTIFICATES, "certificates")
    _cap(raw.tlog_entries or (), MAX_LOG_ENTRIES, "log entries")
    stamps = (raw.timestamp_verification_data or wire.TimestampData()).rfc3161_timestamps or ()
    _cap(stamps, MAX_TIMESTAMPS, "timestamps")
    key = raw.public_key or wire.PublicKey()
    return Material(
        kind=kind,
        certificates=tuple(base64_bytes(one.raw_bytes, "certificate") for one in certificates),
        public_key_hint=key.hint or "",
        public_key_der=base64_bytes(key.raw_bytes or "", "public key"),
        log_entries=tuple(_log_entry(one) for one in raw.tlog_entries or ()),
        timestamps=tuple(base64_bytes(one.signed_timestamp, "timestamp") for one in stamps),
    )


def _log_entry(raw: wire.LogEntry) -> LogEntry:
    promise = raw.inclusion_promise.signed_entry_timestamp if raw.inclusion_promise else ""
    return LogEntry(
        log_index=wire.number(raw.log_index),
        log_id=base64_bytes(raw.log_id.key_id, "log id"),
        kind=raw.kind_version.kind,
        kind_version=raw.kind_version.version,
        integrated_time=wire.number(raw.integrated_time or 0),
        promise=base64_bytes(promise, "signed entry timestamp"),
        proof=_proof(raw.inclusion_proof) if raw.inclusion_proof else None,
        canonicalized_body=base64_bytes(raw.canonicalized_body, "log entry body"),
    )


def _proof(raw: wire.InclusionProof) -> InclusionProof:
    _cap(raw.hashes or (), MAX_PROOF_HASHES, "hashes in an inclusion proof")
    return InclusionProof(
        log_index=wire.number(raw.log_index or 0),
        root_hash=base64_bytes(raw.root_hash, "root hash"),
        tree_size=wire.number(raw.tree_size),
        hashes=tuple(base64_bytes(one, "proof hash") for one in raw.hashes or ()),
        checkpoint=raw.checkpoint.envelope if raw.checkpoint else "",
    )


def _envelope(raw: wire.Envelope) -> Envelope:
    if not raw.signatures:
        raise MalformedError("envelope has no signature")
    _cap(raw.signatures, MAX_SIGNATURES, "signatures")
    return Envelope(
        payload=base64_bytes(raw.payload, "payload"),
        payload_type=raw.payload_type,
        signatures=tuple(
            EnvelopeSignature(signature=base64_bytes(one.sig, "signature"), key_id=one.keyid or "")
            for one in raw.signatures
        ),
    )


def _message(raw: wire.MessageSignature) -> MessageSignature:
    digest = raw.message_digest or wire.MessageDigest(algorithm="", digest="")
    return MessageSignature(
        digest_algorithm=digest.algorithm,
        digest=base64_bytes(digest.digest, "message digest"),
        signature=base64_bytes(raw.signature, "signature"),
    )


def _cap(found: tuple[Any, ...], limit: int, what: str) -> None:
    if len(found) > limit:
        raise MalformedError(f"bundle has {len(found)} {what}; at most {limit} are read")
