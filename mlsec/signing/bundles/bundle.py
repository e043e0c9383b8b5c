"""Sigstore bundles and bare DSSE envelopes, as msgspec decodes them from protobuf's JSON.

Field names are camel case there; null means absent, and unknown fields are refused.
"""

from __future__ import annotations

import enum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

MEDIA_TYPES = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": (0, 1),
    "application/vnd.dev.sigstore.bundle+json;version=0.2": (0, 2),
    "application/vnd.dev.sigstore.bundle+json;version=0.3": (0, 3),
    "application/vnd.dev.sigstore.bundle.v0.3+json": (0, 3),
}
MAX_CERTIFICATES = 16
MAX_SIGNATURES = 16
MAX_LOG_ENTRIES = 32
MAX_TIMESTAMPS = 32
MAX_PROOF_HASHES = 64


class Count(int):
    """A number from 0 to 2^63 - 1, which may be written as text."""


class Base64(bytes):
    """Bytes in base64; of a subclass, as the one field ``key`` of an object."""

    key: ClassVar[str] = ""


class RawBytes(Base64):
    """A certificate in DER."""

    key = "rawBytes"


class LogId(Base64):
    """The key id of a log, raw."""

    key = "keyId"


class Promise(Base64):
    """The signed entry timestamp of a log."""

    key = "signedEntryTimestamp"


class Token(Base64):
    """An RFC 3161 token or response in DER."""

    key = "signedTimestamp"


class Note(str):
    """The text of a log's checkpoint, a signed note."""

    __slots__ = ()
    key: ClassVar[str] = "envelope"


class MaterialKind(enum.Enum):
    """Which of the bundle's alternatives names the signer."""

    PUBLIC_KEY = "publicKey"
    CERTIFICATE = "certificate"
    CHAIN = "x509CertificateChain"
    NONE = "none"


class _Fields(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    pass


class InclusionProof(_Fields, frozen=True, kw_only=True):
    """A Merkle path from the entry to a root; hashes are from leaf to root."""

    log_index: Count | None = None
    root_hash: Base64
    tree_size: Count
    hashes: Annotated[tuple[Base64, ...], Meta(max_length=MAX_PROOF_HASHES)] | None = None
    checkpoint: Note | None = None


class KindVersion(_Fields, frozen=True, kw_only=True):
    kind: str
    version: str


class LogEntry(_Fields, frozen=True, kw_only=True):
    """One transparency log entry; ``integrated_time`` is a Unix time."""

    log_index: Count
    log_id: LogId
    kind_version: KindVersion
    integrated_time: Count | None = None
    promise: Promise | None = msgspec.field(name="inclusionPromise", default=None)
    proof: InclusionProof | None = msgspec.field(name="inclusionProof", default=None)
    canonicalized_body: Base64


class ValidFor(_Fields, frozen=True, kw_only=True):
    start: str | None = None
    end: str | None = None


class KeyMaterial(_Fields, frozen=True, kw_only=True):
    """What a bundle says of a key, untrusted; all but ``hint`` is of model-signing before 1.1."""

    hint: str | None = None
    raw_bytes: Base64 | None = None
    key_details: str | None = None
    valid_for: ValidFor | None = None


class CertificateChain(_Fields, frozen=True, kw_only=True):
    certificates: Annotated[tuple[RawBytes, ...], Meta(max_length=MAX_CERTIFICATES)]


class TimestampData(_Fields, frozen=True, kw_only=True):
    tokens: Annotated[tuple[Token, ...], Meta(max_length=MAX_TIMESTAMPS)] | None = msgspec.field(
        name="rfc3161Timestamps", default=None
    )


class Material(_Fields, frozen=True, kw_only=True):
    """What comes with a signature to verify it; at most one alternative names the signer."""

    public_key: KeyMaterial | None = None
    certificate: RawBytes | None = None
    chain: CertificateChain | None = msgspec.field(name="x509CertificateChain", default=None)
    tlog_entries: Annotated[tuple[LogEntry, ...], Meta(max_length=MAX_LOG_ENTRIES)] | None = None
    timestamp_verification_data: TimestampData | None = None

    @property
    def kind(self) -> MaterialKind:
        """Which alternative names the signer."""
        if self.public_key is not None:
            return MaterialKind.PUBLIC_KEY
        if self.certificate is not None:
            return MaterialKind.CERTIFICATE
        return MaterialKind.NONE if self.chain is None else MaterialKind.CHAIN

    @property
    def public_key_hint(self) -> str:
        """What the bundle says of a key, "" when it says nothing; not trusted."""
        return (self.public_key and self.public_key.hint) or ""

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """Certificates in DER, the signer's first."""
        if self.chain is not None:
            return self.chain.certificates
        return () if self.certificate is None else (self.certificate,)

    @property
    def log_entries(self) -> tuple[LogEntry, ...]:
        """Entries of transparency logs."""
        return self.tlog_entries or ()

    @property
    def timestamps(self) -> tuple[bytes, ...]:
        """RFC 3161 tokens or responses in DER."""
        data = self.timestamp_verification_data
        return (data and data.tokens) or ()


class EnvelopeSignature(_Fields, frozen=True, kw_only=True):
    """One signature of an envelope; ``key_id`` is an unauthenticated hint."""

    signature: Base64 = msgspec.field(name="sig")
    key_id: str | None = msgspec.field(name="keyid", default=None)


class Envelope(_Fields, frozen=True, kw_only=True):
    """A DSSE envelope: the signatures are over ``dsse.pae(payload_type, payload)``."""

    payload: Base64
    payload_type: str
    signatures: Annotated[tuple[EnvelopeSignature, ...], Meta(max_length=MAX_SIGNATURES)]


class MessageDigest(_Fields, frozen=True, kw_only=True):
    """The stated digest of a blob; ``algorithm`` is as written (``SHA2_256``)."""

    algorithm: str
    digest: Base64


class MessageSignature(_Fields, frozen=True, kw_only=True):
    """A signature over one blob; the digest is what the signer says, not yet compared."""

    message_digest: MessageDigest | None = None
    signature: Base64

    @property
    def digest_algorithm(self) -> str:
        """The stated hash, "" when the bundle has no digest."""
        return self.message_digest.algorithm if self.message_digest else ""

    @property
    def digest(self) -> bytes:
        """The stated digest, b"" when the bundle has none."""
        return self.message_digest.digest if self.message_digest else b""


class Bundle(_Fields, frozen=True, kw_only=True):
    """One bundle: exactly one of ``envelope`` and ``message`` is there.

    ``media_type`` is "" for a bare DSSE envelope.
    """

    media_type: str
    material: Material = msgspec.field(name="verificationMaterial")
    envelope: Envelope | None = msgspec.field(name="dsseEnvelope", default=None)
    message: MessageSignature | None = msgspec.field(name="messageSignature", default=None)

    @property
    def version(self) -> tuple[int, int]:
        """The bundle's version: (0, 1) to (0, 3), and (0, 0) for a bare DSSE envelope."""
        return MEDIA_TYPES.get(self.media_type, (0, 0))
