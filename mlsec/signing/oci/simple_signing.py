"""cosign's simple signing: a JSON payload that names an image's digest, and its annotations."""

from __future__ import annotations

import re

import msgspec

from mlsec.signing.bundles.bundle import Bundle, LogEntry, Material, MaterialKind, MessageSignature
from mlsec.signing.certificates.certificate import read_certificate
from mlsec.signing.encodings.json_fields import JsonFields
from mlsec.signing.encodings.strict_json import JsonLimits, base64_bytes, loads
from mlsec.signing.errors import MalformedError
from mlsec.signing.oci.descriptor import Descriptor

_LIMITS = JsonLimits(size_bytes=4 << 20, depth=16, values=10_000)
_TYPES = frozenset({"cosign container image signature", "atomic container signature"})
_SIGNATURE = "dev.cosignproject.cosign/signature"
_SIGSTORE = "dev.sigstore.cosign/"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----\s*")
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")


class SimpleSigning(msgspec.Struct, frozen=True, kw_only=True):
    """One signature: the artifact's digest, as the payload says, and a bundle over the payload.

    The bundle has version (0, 1): it lives by the log's promise, which is all that cosign kept.
    """

    digest: str
    reference: str
    bundle: Bundle


def read_simple_signing(layer: Descriptor, payload: bytes) -> SimpleSigning:
    """Read a signature from its layer's annotations and content.

    Raises:
        MalformedError: not strict JSON, another shape or type, or an annotation that is broken.
    """
    critical = JsonFields(loads(payload, "signature payload", _LIMITS), "payload").object(
        "critical"
    )
    digest = critical.object("image").text("docker-manifest-digest")
    if critical.text("type") not in _TYPES or not _DIGEST.match(digest):
        raise MalformedError("the payload is no signature over an image's digest")
    notes = layer.annotations
    signature = base64_bytes(notes.get(_SIGNATURE, ""), "signature")
    if not signature:
        raise MalformedError("the layer carries no signature")
    certificates = _pem(notes.get(_SIGSTORE + "certificate", ""))
    if certificates:
        certificates += _between(_pem(notes.get(_SIGSTORE + "chain", "")))
    kind = MaterialKind.CHAIN if certificates else MaterialKind.PUBLIC_KEY
    material = Material(
        kind=kind,
        certificates=certificates,
        log_entries=_entries(notes.get(_SIGSTORE + "bundle", "")),
        timestamps=_timestamps(notes.get(_SIGSTORE + "rfc3161timestamp", "")),
    )
    return SimpleSigning(
        digest=digest,
        reference=critical.object("identity").text_or("docker-reference"),
        bundle=Bundle(
            media_type="",
            version=(0, 1),
            material=material,
            message=MessageSignature(digest_algorithm="", digest=b"", signature=signature),
        ),
    )


def _pem(text: str) -> tuple[bytes, ...]:
    blocks = _PEM.findall(text)
    if _PEM.sub("", text).strip() or len(blocks) > 16:
        raise MalformedError("a certificate annotation is no PEM")
    return tuple(base64_bytes("".join(each.split()), "certificate") for each in blocks)


def _between(chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Leave out the root that cosign stores: trust in it comes from the policy alone."""
    read = [(each, read_certificate(each)) for each in chain]
    return tuple(each for each, found in read if found.issuer != found.subject)


def _entries(text: str) -> tuple[LogEntry, ...]:
    """Read cosign's own bundle of a log entry and its promise."""
    if not text:
        return ()
    found = JsonFields(loads(text.encode(), "log bundle", _LIMITS), "log bundle")
    said = found.object("Payload")
    body, log_id = said.data("body"), said.text("logID")
    if not _HEX.match(log_id):
        raise MalformedError("the log bundle names its log by something other than hex")
    record = JsonFields(loads(body, "log entry", _LIMITS), "log entry")
    return (
        LogEntry(
            log_index=said.number("logIndex"),
            log_id=bytes.fromhex(log_id),
            kind=record.text("kind"),
            kind_version=record.text("apiVersion"),
            integrated_time=said.number("integratedTime"),
            promise=found.data("SignedEntryTimestamp"),
            proof=None,
            canonicalized_body=body,
        ),
    )


def _timestamps(text: str) -> tuple[bytes, ...]:
    if not text:
        return ()
    found = JsonFields(loads(text.encode(), "timestamp bundle", _LIMITS), "timestamp bundle")
    return (found.data("SignedRFC3161Timestamp"),)
