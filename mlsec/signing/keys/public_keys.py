"""Public keys and signatures over a closed list of algorithms."""

from __future__ import annotations

import enum
import hashlib
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, UnsupportedError

MAX_KEY_BYTES = 64 * 1024
MIN_RSA_BITS = 2048
GOOD_RSA_BITS = 3072
MAX_RSA_BITS = 16384
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
_CURVE_BYTES = {"p256": 32, "p384": 48, "p521": 66}


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


class Algorithm(enum.Enum):
    """The signature algorithms that are accepted; anything else is refused, never guessed."""

    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ED25519 = "ed25519"
    ML_DSA = "ml-dsa"

    @property
    def hash_name(self) -> str:
        """``sha256``, ``sha384``, ``sha512``; "" where the algorithm hashes on its own."""
        return self.value.rpartition("-")[2] if "sha" in self.value else ""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was read and is on the list; ``live`` is cryptography's object."""

    kind: KeyKind
    size_bits: int
    der: bytes
    live: Any

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and 64 hex digits over the DER SubjectPublicKeyInfo."""
        return "sha256:" + hashlib.sha256(self.der).hexdigest()


def load_public_key(data: bytes, what: str = "public key") -> PublicKey:
    """Read one public key, PEM or DER SubjectPublicKeyInfo.

    Raises:
        MalformedError: not one public key (a private key or a certificate is named as such).
        UnsupportedError: a kind or size of key that is not on the list.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    if len(data) > MAX_KEY_BYTES:
        raise MalformedError(f"{what} is larger than {MAX_KEY_BYTES} bytes")
    is_pem = b"-----BEGIN" in data
    if is_pem:
        _only_a_public_key(data, what)
    load = serialization.load_pem_public_key if is_pem else serialization.load_der_public_key
    try:
        return public_key_of(load(data), what)
    except UnsupportedAlgorithm:
        raise UnsupportedError(f"{what} is of a kind that is not accepted") from None
    except (ValueError, TypeError):
        raise MalformedError(f"{what} is neither PEM nor DER of one public key") from None


def _only_a_public_key(data: bytes, what: str) -> None:
    if data.count(b"-----BEGIN") > 1:
        raise MalformedError(f"{what} holds more than one PEM block", hint="one key a file")
    if b"PRIVATE KEY-----" in data:
        raise MalformedError(
            f"{what} is a private key", hint="give the public half: openssl pkey -pubout"
        )
    if b"CERTIFICATE-----" in data:
        raise MalformedError(f"{what} is a certificate", hint="use an anchor of type x509")


def public_key_of(live: Any, what: str = "public key") -> PublicKey:
    """Accept a key object of ``cryptography`` when it is on the list.

    Raises:
        UnsupportedError: another kind, curve or size.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    kind, size_bits = _kind_of(live, what)
    der = live.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(kind=kind, size_bits=size_bits, der=der, live=live)


def _kind_of(live: Any, what: str) -> tuple[KeyKind, int]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    if isinstance(live, ec.EllipticCurvePublicKey):
        curve = _CURVES.get(live.curve.name)
        if curve is None:
            raise UnsupportedError(f"{what} is on the curve {live.curve.name}; P-256, 384 or 521")
        return KeyKind(curve), live.curve.key_size
    if isinstance(live, ed25519.Ed25519PublicKey):
        return KeyKind.ED25519, 256
    if isinstance(live, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= live.key_size <= MAX_RSA_BITS:
            raise UnsupportedError(f"{what} is RSA with {live.key_size} bits; 2048 to 16384")
        return KeyKind.RSA, live.key_size
    ml_dsa = _ml_dsa_kind(live)
    if ml_dsa is not None:
        return ml_dsa, 0
    raise UnsupportedError(f"{what} is of a kind that is not accepted")


def _ml_dsa_kind(live: Any) -> KeyKind | None:
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415
    except ImportError:  # older than cryptography 47
        return None
    if isinstance(live, mldsa.MLDSA44PublicKey):
        return KeyKind.ML_DSA_44
    if isinstance(live, mldsa.MLDSA65PublicKey):
        return KeyKind.ML_DSA_65
    return KeyKind.ML_DSA_87 if isinstance(live, mldsa.MLDSA87PublicKey) else None


def usual_algorithm(key: PublicKey) -> Algorithm:
    """The one algorithm that goes with a key in model signing: the hash as strong as the curve.

    RSA is PKCS#1 v1.5 with SHA-256, as in the Sigstore algorithm registry.
    """
    match key.kind:
        case KeyKind.P256:
            return Algorithm.ECDSA_SHA256
        case KeyKind.P384:
            return Algorithm.ECDSA_SHA384
        case KeyKind.P521:
            return Algorithm.ECDSA_SHA512
        case KeyKind.RSA:
            return Algorithm.RSA_PKCS1_SHA256
        case KeyKind.ED25519:
            return Algorithm.ED25519
        case KeyKind.ML_DSA_44 | KeyKind.ML_DSA_65 | KeyKind.ML_DSA_87:
            return Algorithm.ML_DSA


def verify_signature(
    key: PublicKey,
    algorithm: Algorithm,
    signature: bytes,
    *,
    data: bytes | None = None,
    digest: bytes | None = None,
) -> bool:
    """Whether ``signature`` is ``key``'s over ``data``, or over data with this ``digest``.

    ECDSA signatures are DER; a PSS salt is as long as the hash.

    Raises:
        UnsupportedError: the key cannot use the algorithm, or the algorithm takes no digest.
        MalformedError: the digest is not as long as the algorithm's hash.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    if (data is None) == (digest is None):
        raise ValueError("give data or digest")
    arguments = _arguments(key, algorithm, is_digest=digest is not None)
    signed = data if data is not None else digest
    if digest is not None and len(digest) != hashlib.new(algorithm.hash_name).digest_size:
        raise MalformedError(f"a digest of {len(digest)} bytes is not {algorithm.hash_name}")
    try:
        key.live.verify(signature, signed, *arguments)
    except InvalidSignature:
        return False
    return True


def _arguments(key: PublicKey, algorithm: Algorithm, *, is_digest: bool) -> tuple[Any, ...]:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils  # noqa: PLC0415

    if algorithm not in _ALLOWED[key.kind]:
        raise UnsupportedError(f"a key of kind {key.kind.value} does not go with {algorithm.value}")
    if not algorithm.hash_name:
        if is_digest:
            raise UnsupportedError(f"{algorithm.value} signs data, not a digest of it")
        return ()
    kinds: dict[str, Any] = {
        "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512
    }  # fmt: skip
    plain = kinds[algorithm.hash_name]()
    chosen = utils.Prehashed(plain) if is_digest else plain
    if algorithm.value.startswith("ecdsa"):
        return (ec.ECDSA(chosen),)
    if algorithm.value.startswith("rsa-pss"):
        pss = padding.PSS(mgf=padding.MGF1(plain), salt_length=padding.PSS.DIGEST_LENGTH)
        return (pss, chosen)
    return (padding.PKCS1v15(), chosen)


def der_of_p1363(signature: bytes, key: PublicKey) -> bytes:
    """Turn an ECDSA signature written as r and s side by side (JWS) into DER.

    Raises:
        MalformedError: not twice as long as the curve's field.
        UnsupportedError: not an elliptic curve key.
    """
    from cryptography.hazmat.primitives.asymmetric import utils  # noqa: PLC0415

    size = _CURVE_BYTES.get(key.kind.value)
    if size is None:
        raise UnsupportedError(f"a key of kind {key.kind.value} makes no ECDSA signatures")
    if len(signature) != 2 * size:
        raise MalformedError(f"signature has {len(signature)} bytes, not {2 * size}")
    r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    return utils.encode_dss_signature(r, s)


_ECDSA = frozenset({Algorithm.ECDSA_SHA256, Algorithm.ECDSA_SHA384, Algorithm.ECDSA_SHA512})
_RSA = frozenset(one for one in Algorithm if one.value.startswith("rsa"))
_ML_DSA = frozenset({Algorithm.ML_DSA})
_ALLOWED = {
    KeyKind.P256: _ECDSA,
    KeyKind.P384: _ECDSA,
    KeyKind.P521: _ECDSA,
    KeyKind.RSA: _RSA,
    KeyKind.ED25519: frozenset({Algorithm.ED25519}),
    KeyKind.ML_DSA_44: _ML_DSA,
    KeyKind.ML_DSA_65: _ML_DSA,
    KeyKind.ML_DSA_87: _ML_DSA,
}
