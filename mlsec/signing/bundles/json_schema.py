"""The JSON fields of a Sigstore bundle as they are written (protobuf JSON, camel case)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from mlsec.signing.errors import MalformedError

T = TypeVar("T")


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Fields are camel case; null means absent, as in protobuf JSON."""


class LogId(_Wire, frozen=True, kw_only=True):
    key_id: str


class KindVersion(_Wire, frozen=True, kw_only=True):
    kind: str
    version: str


class InclusionPromise(_Wire, frozen=True, kw_only=True):
    signed_entry_timestamp: str


class Checkpoint(_Wire, frozen=True, kw_only=True):
    envelope: str


class InclusionProof(_Wire, frozen=True, kw_only=True):
    log_index: str | int | None = None
    root_hash: str
    tree_size: str | int
    hashes: tuple[str, ...] | None = None
    checkpoint: Checkpoint | None = None


class LogEntry(_Wire, frozen=True, kw_only=True):
    log_index: str | int
    log_id: LogId
    kind_version: KindVersion
    integrated_time: str | int | None = None
    inclusion_promise: InclusionPromise | None = None
    inclusion_proof: InclusionProof | None = None
    canonicalized_body: str


class ValidFor(_Wire, frozen=True, kw_only=True):
    start: str | None = None
    end: str | None = None


class PublicKey(_Wire, frozen=True, kw_only=True):
    """``hint`` is the field of today; the others came from model-signing before 1.1."""

    hint: str | None = None
    raw_bytes: str | None = None
    key_details: str | None = None
    valid_for: ValidFor | None = None


class Certificate(_Wire, frozen=True, kw_only=True):
    raw_bytes: str


class CertificateChain(_Wire, frozen=True, kw_only=True):
    certificates: tuple[Certificate, ...]


class Timestamp(_Wire, frozen=True, kw_only=True):
    signed_timestamp: str


class TimestampData(_Wire, frozen=True, kw_only=True):
    rfc3161_timestamps: tuple[Timestamp, ...] | None = None


class Material(_Wire, frozen=True, kw_only=True):
    public_key: PublicKey | None = None
    certificate: Certificate | None = None
    x509_certificate_chain: CertificateChain | None = msgspec.field(
        default=None, name="x509CertificateChain"
    )
    tlog_entries: tuple[LogEntry, ...] | None = None
    timestamp_verification_data: TimestampData | None = None


class EnvelopeSignature(_Wire, frozen=True, kw_only=True):
    sig: str
    keyid: str | None = None


class Envelope(_Wire, frozen=True, kw_only=True):
    payload: str
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]


class MessageDigest(_Wire, frozen=True, kw_only=True):
    algorithm: str
    digest: str


class MessageSignature(_Wire, frozen=True, kw_only=True):
    message_digest: MessageDigest | None = None
    signature: str


class Bundle(_Wire, frozen=True, kw_only=True):
    media_type: str
    verification_material: Material
    dsse_envelope: Envelope | None = None
    message_signature: MessageSignature | None = None


def read(document: Any, kind: type[T], what: str) -> T:
    """Check a parsed JSON value against the fields of ``kind``.

    Raises:
        MalformedError: an unknown or missing field, or a value of another type.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise MalformedError(f"{what}: {error}") from None


def number(value: str | int) -> int:
    """Read a protobuf int64, which JSON may hold as text.

    Raises:
        MalformedError: not a number from 0 to 2**63 - 1 in its shortest spelling.
    """
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and str(int(text)) == text):
        raise MalformedError(f'"{text[:40]}" is not a number from 0 up')
    if int(text) >= 1 << 63:
        raise MalformedError(f"{text} does not fit into 63 bits")
    return int(text)
