"""Reads Notary Project's COSE envelope into the same value as the JWS envelope."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlsec.signing.encodings import cbor
from mlsec.signing.encodings.json_fields import read_json
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.oci.descriptor import read_descriptor
from mlsec.signing.oci.notary_jws import (
    AUTHENTIC_TIME,
    EXPIRY,
    LIMITS,
    MAX_CERTIFICATES,
    PAYLOAD_TYPE,
    SCHEME,
    SIGNING_TIME,
    TIMESTAMP,
    NotaryEnvelope,
    Scheme,
    check_critical,
    scheme_of,
)

# COSE's numbers (RFC 9052, RFC 9053, RFC 9360) for what JWS spells out.
_ALGORITHM, _CRITICAL, _CONTENT_TYPE, _CHAIN = 1, 2, 3, 33
_SIGN1, _TIME = 18, 1
_ALGORITHMS = {-37: "PS256", -38: "PS384", -39: "PS512", -7: "ES256", -35: "ES384", -36: "ES512"}
_LAST_MOMENT = 253402300799  # the end of the year 9999, in seconds since 1970


def read_notary_cose(data: bytes) -> NotaryEnvelope:
    """Read a COSE_Sign1 envelope.

    Raises:
        MalformedError: not strict CBOR, another shape, or headers that contradict each other.
        UnsupportedError: an algorithm, scheme or critical header that is not understood here.
    """
    message = cbor.loads(data, "signature envelope")
    if not isinstance(message, cbor.Tagged) or message.tag != _SIGN1:
        raise MalformedError("the signature envelope is not a COSE_Sign1 message")
    if not isinstance(message.value, list) or len(message.value) != 4:
        raise MalformedError("the signature envelope does not have four parts")
    protected, unprotected, payload, signature = message.value
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise MalformedError("the signature envelope lacks its payload or signature")
    headers = cbor.loads(protected, "protected header")
    if not isinstance(headers, dict) or not isinstance(unprotected, dict):
        raise MalformedError("a header of the signature envelope is not a map")
    if headers.keys() & unprotected.keys():
        raise MalformedError("a header is both protected and not")
    if headers.get(_CONTENT_TYPE) != PAYLOAD_TYPE:
        raise MalformedError("the signature is over another kind of payload than an OCI artifact")
    algorithm = headers.get(_ALGORITHM)
    if not isinstance(algorithm, int) or algorithm not in _ALGORITHMS:
        raise UnsupportedError("the signature algorithm is not accepted")
    if not isinstance(headers.get(SCHEME), str):
        raise MalformedError(f"header {SCHEME} is missing or not text")
    scheme = scheme_of(headers[SCHEME])
    critical = headers.get(_CRITICAL)
    if not isinstance(critical, list) or not all(isinstance(name, str) for name in critical):
        raise MalformedError("the critical headers are not a list of names")
    check_critical(critical, frozenset(headers), scheme)
    token = unprotected.get(TIMESTAMP, b"")
    if not isinstance(token, bytes):
        raise MalformedError("the timestamp in the signature envelope is not a byte string")
    is_authority = scheme is Scheme.SIGNING_AUTHORITY
    content = read_json(payload, "payload", LIMITS)
    return NotaryEnvelope(
        target=read_descriptor(content.object("targetArtifact")),
        algorithm=_ALGORITHMS[algorithm],
        scheme=scheme,
        signing_time=_time(headers, AUTHENTIC_TIME if is_authority else SIGNING_TIME),
        expiry=_time(headers, EXPIRY) if EXPIRY in headers else None,
        signed=_signed(protected, payload),
        signature=signature,
        certificates=_chain(unprotected.get(_CHAIN)),
        timestamp=token,
    )


def _signed(protected: bytes, payload: bytes) -> bytes:
    """Write the Sig_structure that the signature is over (RFC 9052, 4.4)."""
    parts = [cbor.head(4, 4), cbor.head(3, 10), b"Signature1"]
    for part in (protected, b"", payload):
        parts += [cbor.head(2, len(part)), part]
    return b"".join(parts)


def _time(headers: dict[Any, Any], name: str) -> datetime:
    value = headers.get(name)
    seconds = value.value if isinstance(value, cbor.Tagged) and value.tag == _TIME else None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise MalformedError(f"header {name} is missing or not a time in seconds")
    if not 0 <= seconds <= _LAST_MOMENT:
        raise MalformedError(f"header {name} is not before the year 10000")
    return datetime.fromtimestamp(seconds, UTC)


def _chain(value: Any) -> tuple[bytes, ...]:
    certificates = value if isinstance(value, list) else [value]
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise MalformedError("the signature envelope brings no certificate, or too many")
    if not all(isinstance(certificate, bytes) for certificate in certificates):
        raise MalformedError("the signature envelope brings no certificate")
    return tuple(certificates)
