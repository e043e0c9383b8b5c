"""cosign's simple signing: a JSON payload that names an image's digest, and its annotations."""

from __future__ import annotations

import re

import msgspec

from mlsec.signing.bundles.bundle import (
    Base64,
    Bundle,
    CertificateChain,
    Count,
    KeyMaterial,
    KindVersion,
    LogEntry,
    LogId,
    Material,
    MessageSignature,
    Promise,
    RawBytes,
    TimestampData,
    Token,
)
from mlsec.signing.certificates.certificate import read_certificate
from mlsec.signing.encodings.json_fields import read_json
from mlsec.signing.encodings.strict_json import JsonLimits, base64_bytes
from mlsec.signing.errors import MalformedError
from mlsec.signing.oci.descriptor import Descriptor

_LIMITS = JsonLimits(size_bytes=4 << 20, depth=16, values=10_000)
_TYPES = frozenset({"cosign container image signature", "atomic container signature"})
_SIGNATURE = "dev.cosignproject.cosign/signature"
_SIGSTORE = "dev.sigstore.cosign/"
_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----\s*")
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")


class SimpleSigning(msgspec.Struct, frozen=True, kw_only=True):
    """One signature: the artifact's digest, as the payload says, and a bundle over the payload.

    The bundle has version (0, 1): it lives by the log's promise, which is all that cosign stored.
    """

    digest: str
    reference: str
    bundle: Bundle


def read_simple_signing(layer: Descriptor, payload: bytes) -> SimpleSigning:
    """Read a signature from its layer's annotations and content.

    Raises:
        MalformedError: not strict JSON, another shape or type, or an annotation that is broken.
    """
    critical = read_json(payload, "signature payload", _LIMITS).object("critical")
    digest = critical.object("image").text("docker-manifest-digest")
    if critical.text("type") not in _TYPES or not _DIGEST.match(digest):
        raise MalformedError("the payload is not a signature over an image's digest")
    annotations = layer.annotations
    signature = base64_bytes(annotations.get(_SIGNATURE, ""), "signature")
    if not signature:
        raise MalformedError("the layer carries no signature")
    certificates = _pem(annotations.get(_SIGSTORE + "certificate", ""))
    if certificates:
        certificates += _intermediates(_pem(annotations.get(_SIGSTORE + "chain", "")))
    material = Material(
        public_key=None if certificates else KeyMaterial(),
        chain=CertificateChain(certificates=certificates) if certificates else None,
        tlog_entries=_log_entries(annotations.get(_SIGSTORE + "bundle", "")),
        timestamp_verification_data=_timestamps(
            annotations.get(_SIGSTORE + "rfc3161timestamp", "")
        ),
    )
    message = MessageSignature(signature=Base64(signature))
    return SimpleSigning(
        digest=digest,
        reference=critical.object("identity").text_or("docker-reference"),
        bundle=Bundle(media_type=_MEDIA_TYPE, material=material, message=message),
    )


def _pem(text: str) -> tuple[RawBytes, ...]:
    blocks = _PEM.findall(text)
    if _PEM.sub("", text).strip() or len(blocks) > 16:
        raise MalformedError("a certificate annotation is not PEM")
    return tuple(RawBytes(base64_bytes("".join(block.split()), "certificate")) for block in blocks)


def _intermediates(chain: tuple[RawBytes, ...]) -> tuple[RawBytes, ...]:
    """Leave out the root that cosign stores: trust in it comes from the policy alone."""
    pairs = [(encoded, read_certificate(encoded)) for encoded in chain]
    return tuple(encoded for encoded, read in pairs if read.issuer != read.subject)


def _log_entries(text: str) -> tuple[LogEntry, ...]:
    """Read cosign's own bundle of a log entry and its promise."""
    if not text:
        return ()
    bundle = read_json(text.encode(), "log bundle", _LIMITS)
    promised = bundle.object("Payload")
    body, log_id = promised.data("body"), promised.text("logID")
    if not _HEX.match(log_id):
        raise MalformedError("the log bundle names its log by something other than hex")
    record = read_json(body, "log entry", _LIMITS)
    entry = LogEntry(
        log_index=Count(promised.number("logIndex")),
        log_id=LogId(bytes.fromhex(log_id)),
        kind_version=KindVersion(kind=record.text("kind"), version=record.text("apiVersion")),
        integrated_time=Count(promised.number("integratedTime")),
        promise=Promise(bundle.data("SignedEntryTimestamp")),
        canonicalized_body=Base64(body),
    )
    return (entry,)


def _timestamps(text: str) -> TimestampData | None:
    if not text:
        return None
    bundle = read_json(text.encode(), "timestamp bundle", _LIMITS)
    return TimestampData(tokens=(Token(bundle.data("SignedRFC3161Timestamp")),))
