"""Reads Notary Project's JWS envelope and checks its critical headers."""

from __future__ import annotations

import enum
from collections.abc import Sequence, Set
from datetime import datetime

import msgspec

from mlsec.signing.encodings.json_fields import read_json
from mlsec.signing.encodings.strict_json import JsonLimits, base64_bytes, base64url_bytes
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.keys.algorithms import Algorithm
from mlsec.signing.keys.public_keys import KeyKind
from mlsec.signing.oci.descriptor import Descriptor, read_descriptor

PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
MAX_CERTIFICATES = 16
LIMITS = JsonLimits(size_bytes=4 << 20, depth=16, values=10_000)
_NAMES = "io.cncf.notary."
SCHEME, EXPIRY = _NAMES + "signingScheme", _NAMES + "expiry"
SIGNING_TIME = _NAMES + "signingTime"
AUTHENTIC_TIME = _NAMES + "authenticSigningTime"
TIMESTAMP = _NAMES + "timestampSignature"
_PLUGINS = frozenset({_NAMES + "verificationPlugin", _NAMES + "verificationPluginMinVersion"})
_UNDERSTOOD = frozenset({SCHEME, EXPIRY, AUTHENTIC_TIME})

# The one algorithm for each kind and size of key (signature specification, algorithm selection).
ALGORITHMS = {
    "PS256": (Algorithm.RSA_PSS_SHA256, KeyKind.RSA, 2048),
    "PS384": (Algorithm.RSA_PSS_SHA384, KeyKind.RSA, 3072),
    "PS512": (Algorithm.RSA_PSS_SHA512, KeyKind.RSA, 4096),
    "ES256": (Algorithm.ECDSA_SHA256, KeyKind.P256, 256),
    "ES384": (Algorithm.ECDSA_SHA384, KeyKind.P384, 384),
    "ES512": (Algorithm.ECDSA_SHA512, KeyKind.P521, 521),
}


class Scheme(enum.Enum):
    """The signing scheme: the time is attested by a timestamp, or by the signing authority."""

    X509 = "notary.x509"
    SIGNING_AUTHORITY = "notary.x509.signingAuthority"


class NotaryEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope as read; nothing is verified.

    ``signed`` are the bytes under the signature, which is r and s side by side for ECDSA.
    ``certificates`` are DER, the signer's first. ``timestamp`` is a token in DER, b"" without.
    """

    target: Descriptor
    algorithm: str
    scheme: Scheme
    signing_time: datetime
    expiry: datetime | None
    signed: bytes
    signature: bytes
    certificates: tuple[bytes, ...]
    timestamp: bytes = b""


def read_notary_envelope(data: bytes) -> NotaryEnvelope:
    """Read a JWS envelope in its JSON serialization.

    Raises:
        MalformedError: not strict JSON, another shape, or headers that contradict each other.
        UnsupportedError: an algorithm, scheme or critical header that is not understood here.
    """
    envelope = read_json(data, "signature envelope", LIMITS)
    payload, protected = envelope.text("payload"), envelope.text("protected")
    header = read_json(base64url_bytes(protected, "protected header"), "protected header", LIMITS)
    if header.text("cty") != PAYLOAD_TYPE:
        raise MalformedError("the signature is over another kind of payload than an OCI artifact")
    if header.text("alg") not in ALGORITHMS:
        raise UnsupportedError(f"signature algorithm {header.text('alg')[:40]} is not accepted")
    scheme = scheme_of(header.text(SCHEME))
    check_critical(header.texts("crit", 32), header.names(), scheme)
    content = read_json(base64url_bytes(payload, "payload"), "payload", LIMITS)
    unprotected = envelope.object("header")
    certificates = unprotected.texts("x5c", MAX_CERTIFICATES)
    if not certificates:
        raise MalformedError("the signature envelope brings no certificate")
    is_authority = scheme is Scheme.SIGNING_AUTHORITY
    return NotaryEnvelope(
        target=read_descriptor(content.object("targetArtifact")),
        algorithm=header.text("alg"),
        scheme=scheme,
        signing_time=header.time(AUTHENTIC_TIME if is_authority else SIGNING_TIME),
        expiry=header.time(EXPIRY) if header.has(EXPIRY) else None,
        signed=f"{protected}.{payload}".encode("ascii"),
        signature=base64url_bytes(envelope.text("signature"), "signature"),
        certificates=tuple(base64_bytes(text, "certificate") for text in certificates),
        timestamp=base64_bytes(unprotected.text_or(TIMESTAMP), "timestamp"),
    )


def scheme_of(name: str) -> Scheme:
    """Return the signing scheme.

    Raises:
        UnsupportedError: another one than the two that are known.
    """
    try:
        return Scheme(name)
    except ValueError:
        raise UnsupportedError(f"signing scheme {name[:60]} is not known") from None


def check_critical(listed: Sequence[str], names: Set[object], scheme: Scheme) -> None:
    """Refuse a critical header that is not understood, and one that should be critical but is not.

    A header that is not critical could be dropped by a verifier that does not know it, so the
    specification demands it of the scheme, of an expiry and of an authority's time. ``names`` are
    those of all protected headers.
    """
    critical = frozenset(listed)
    if len(critical) != len(listed) or not critical <= names:
        raise MalformedError("the critical headers are repeated or not there")
    if critical & _PLUGINS:
        raise UnsupportedError(
            "the signature asks for a verification plugin, which is not run here",
            hint="verify it with the notation tool and that plugin",
        )
    if critical - _UNDERSTOOD:
        unknown = sorted(critical - _UNDERSTOOD)[0]
        raise UnsupportedError(f"critical header {unknown[:60]} is not understood")
    wanted = {SCHEME, EXPIRY} if EXPIRY in names else {SCHEME}
    if scheme is Scheme.SIGNING_AUTHORITY:
        wanted.add(AUTHENTIC_TIME)
    if not wanted <= critical:
        raise MalformedError(f"header {sorted(wanted - critical)[0]} is not marked as critical")
