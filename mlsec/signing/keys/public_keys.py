"""Public keys: reading, and a closed list of the kinds and sizes that are accepted."""

from __future__ import annotations

import enum
import hashlib
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from mlsec.signing.errors import MalformedError, UnsupportedError

MAX_KEY_BYTES = 64 * 1024
MIN_RSA_BITS = 2048
GOOD_RSA_BITS = 3072
MAX_RSA_BITS = 16384
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}


class KeyKind(enum.Enum):
    """The kinds of key that may sign."""

    P256 = "p256"
    P384 = "p384"
    P521 = "p521"
    RSA = "rsa"
    ED25519 = "ed25519"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was read and is accepted; ``live`` is cryptography's object."""

    kind: KeyKind
    size_bits: int
    der: bytes
    live: Any

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and 64 hex digits over the DER SubjectPublicKeyInfo."""
        return fingerprint(self.der)


def fingerprint(der: bytes) -> str:
    """Return ``sha256:`` and 64 hex digits over a key or certificate in DER."""
    return "sha256:" + hashlib.sha256(der).hexdigest()


def load_public_key(data: bytes, what: str = "public key") -> PublicKey:
    """Read one public key, PEM or DER SubjectPublicKeyInfo.

    Raises:
        MalformedError: not one public key (a private key or a certificate is named as such).
        UnsupportedError: a kind or size of key that is not accepted.
    """
    if len(data) > MAX_KEY_BYTES:
        raise MalformedError(f"{what} is larger than {MAX_KEY_BYTES} bytes")
    is_pem = b"-----BEGIN" in data
    if is_pem:
        _check_pem(data, what)
    load = serialization.load_pem_public_key if is_pem else serialization.load_der_public_key
    try:
        return public_key_of(load(data), what)
    except UnsupportedAlgorithm:
        raise UnsupportedError(f"{what} is of a kind that is not accepted") from None
    except (ValueError, TypeError):
        raise MalformedError(f"{what} is neither PEM nor DER of one public key") from None


def _check_pem(data: bytes, what: str) -> None:
    if data.count(b"-----BEGIN") > 1:
        raise MalformedError(f"{what} holds more than one PEM block", hint="one key a file")
    if b"PRIVATE KEY-----" in data:
        raise MalformedError(
            f"{what} is a private key", hint="give the public half: openssl pkey -pubout"
        )
    if b"CERTIFICATE-----" in data:
        raise MalformedError(f"{what} is a certificate", hint="use an anchor of type x509")


def public_key_of(live: Any, what: str = "public key") -> PublicKey:
    """Accept a key object of ``cryptography`` when its kind and size are on the list.

    Raises:
        UnsupportedError: another kind, curve or size.
    """
    kind, size_bits = _kind_of(live, what)
    der = live.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(kind=kind, size_bits=size_bits, der=der, live=live)


def _kind_of(live: Any, what: str) -> tuple[KeyKind, int]:
    match live:
        case ec.EllipticCurvePublicKey():
            curve = _CURVES.get(live.curve.name)
            if curve is None:
                name = live.curve.name
                raise UnsupportedError(f"{what} is on the curve {name}; P-256, 384 or 521")
            return KeyKind(curve), live.curve.key_size
        case ed25519.Ed25519PublicKey():
            return KeyKind.ED25519, 256
        case rsa.RSAPublicKey():
            if not MIN_RSA_BITS <= live.key_size <= MAX_RSA_BITS:
                raise UnsupportedError(f"{what} is RSA with {live.key_size} bits; 2048 to 16384")
            return KeyKind.RSA, live.key_size
        case mldsa.MLDSA44PublicKey():
            return KeyKind.ML_DSA_44, 0
        case mldsa.MLDSA65PublicKey():
            return KeyKind.ML_DSA_65, 0
        case mldsa.MLDSA87PublicKey():
            return KeyKind.ML_DSA_87, 0
        case _:
            raise UnsupportedError(f"{what} is of a kind that is not accepted")
