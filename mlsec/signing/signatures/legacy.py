"""Signatures of model-signing 0.2, which had its own encoding of the signed payload."""

from __future__ import annotations

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.keys.algorithms import Algorithm, usual_algorithm, verify_signature
from mlsec.signing.keys.public_keys import KeyKind, PublicKey


def legacy_encoding(envelope: Envelope) -> bytes:
    """Encode as that release did: the payload as Python shows bytes, quotes and all."""
    kind, payload = envelope.payload_type, envelope.payload
    return f"DSSEV1 {len(kind)} {kind} {len(payload)} {payload!r}".encode()


def has_legacy_signature(key: PublicKey, envelope: Envelope, signature: bytes) -> bool:
    """Whether a signature is good under the old encoding (and SHA-256, whatever the curve)."""
    if key.kind not in (KeyKind.P256, KeyKind.P384, KeyKind.P521):
        return False
    data = legacy_encoding(envelope)
    algorithms = {usual_algorithm(key), Algorithm.ECDSA_SHA256}
    return any(verify_signature(key, algorithm, signature, data=data) for algorithm in algorithms)
