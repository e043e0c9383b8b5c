"""Signature algorithms: a closed list, with verification and signing."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.keys.public_keys import KeyKind, PublicKey

_CURVE_BYTES = {KeyKind.P256: 32, KeyKind.P384: 48, KeyKind.P521: 66}


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


_ECDSA = (Algorithm.ECDSA_SHA256, Algorithm.ECDSA_SHA384, Algorithm.ECDSA_SHA512)
_RSA = tuple(algorithm for algorithm in Algorithm if algorithm.value.startswith("rsa"))
_ALLOWED: dict[KeyKind, tuple[Algorithm, ...]] = {
    KeyKind.P256: _ECDSA,
    KeyKind.P384: _ECDSA,
    KeyKind.P521: _ECDSA,
    KeyKind.RSA: _RSA,
    KeyKind.ED25519: (Algorithm.ED25519,),
    KeyKind.ML_DSA_44: (Algorithm.ML_DSA,),
    KeyKind.ML_DSA_65: (Algorithm.ML_DSA,),
    KeyKind.ML_DSA_87: (Algorithm.ML_DSA,),
}
_USUAL = {
    **{kind: algorithms[0] for kind, algorithms in _ALLOWED.items()},
    KeyKind.P384: Algorithm.ECDSA_SHA384,
    KeyKind.P521: Algorithm.ECDSA_SHA512,
}


def usual_algorithm(key: PublicKey) -> Algorithm:
    """Return the algorithm that goes with a key in model signing: the hash as strong as the curve.

    RSA is PKCS#1 v1.5 with SHA-256, as in the Sigstore algorithm registry.
    """
    return _USUAL[key.kind]


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
    if (data is None) == (digest is None):
        raise ValueError("give data or digest")
    arguments = _arguments(key, algorithm, is_digest=digest is not None)
    if digest is not None and len(digest) != hashlib.new(algorithm.hash_name).digest_size:
        raise MalformedError(f"a digest of {len(digest)} bytes is not {algorithm.hash_name}")
    try:
        key.live.verify(signature, digest if data is None else data, *arguments)
    except InvalidSignature:
        return False
    return True


def signing_function(private_key: Any, public: PublicKey) -> Callable[[bytes], bytes]:
    """Return the function that signs bytes with a private key of ``cryptography``."""
    arguments = _arguments(public, usual_algorithm(public), is_digest=False)

    def sign(data: bytes) -> bytes:
        signature: bytes = private_key.sign(data, *arguments)
        return signature

    return sign


def _arguments(key: PublicKey, algorithm: Algorithm, *, is_digest: bool) -> tuple[Any, ...]:
    """Return what ``sign`` and ``verify`` of cryptography's keys take after the data."""
    if algorithm not in _ALLOWED[key.kind]:
        raise UnsupportedError(f"a key of kind {key.kind.value} does not go with {algorithm.value}")
    if not algorithm.hash_name:
        if is_digest:
            raise UnsupportedError(f"{algorithm.value} signs data, not a digest of it")
        return ()
    plain: hashes.HashAlgorithm = getattr(hashes, algorithm.hash_name.upper())()
    chosen = utils.Prehashed(plain) if is_digest else plain
    if algorithm in _ECDSA:
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
    size = _CURVE_BYTES.get(key.kind)
    if size is None:
        raise UnsupportedError(f"a key of kind {key.kind.value} makes no ECDSA signatures")
    if len(signature) != 2 * size:
        raise MalformedError(f"signature has {len(signature)} bytes, not {2 * size}")
    r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    return utils.encode_dss_signature(r, s)
