"""The bytes that a DSSE envelope's signature is over."""

from __future__ import annotations


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-Authentication Encoding: type and payload, each with its length in bytes.

    Source: DSSE protocol v1 (``DSSEv1 SP len SP type SP len SP payload``).
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
