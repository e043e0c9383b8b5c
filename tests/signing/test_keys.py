"""Keys and algorithms: a closed list, and a signature is over what was signed and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mlsec.signing.errors import SigningError
from mlsec.signing.keys.algorithms import (
    Algorithm,
    der_of_p1363,
    signing_function,
    usual_algorithm,
    verify_signature,
)
from mlsec.signing.keys.public_keys import load_public_key, public_key_of
from tests.signing.workshop import CORP, RELEASE, pem, private_pem, public_pem

PRIVATE = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("live", PRIVATE.values(), ids=list(PRIVATE))
def test_signature_is_over_the_signed_bytes_alone(live: object) -> None:
    key = load_public_key(public_pem(live))
    made = signing_function(live, key)(b"data")
    algorithm = usual_algorithm(key)
    assert verify_signature(key, algorithm, made, data=b"data")
    assert not verify_signature(key, algorithm, made, data=b"Data")
    assert not verify_signature(key, algorithm, made[:-1], data=b"data")
    assert not verify_signature(key, algorithm, b"", data=b"data")
    if algorithm.hash_name:
        digest = hashlib.new(algorithm.hash_name, b"data").digest()
        assert verify_signature(key, algorithm, made, digest=digest)
        with pytest.raises(SigningError):
            verify_signature(key, algorithm, made, digest=digest[:-1])
    else:
        with pytest.raises(SigningError):
            verify_signature(key, algorithm, made, digest=bytes(64))


@pytest.mark.parametrize("live", PRIVATE.values(), ids=list(PRIVATE))
@pytest.mark.parametrize("algorithm", Algorithm)
def test_key_takes_its_own_algorithms_only(live: object, algorithm: Algorithm) -> None:
    key = load_public_key(public_pem(live))
    family = {"p256": "ecdsa", "p384": "ecdsa", "p521": "ecdsa"}.get(key.kind.value, key.kind.value)
    if algorithm.value.startswith(family):
        assert not verify_signature(key, algorithm, b"x" * 64, data=b"data")
    else:
        with pytest.raises(SigningError):
            verify_signature(key, algorithm, b"x" * 64, data=b"data")


REFUSED = {
    "other curve": public_pem(ec.generate_private_key(ec.SECP256K1())),
    "short RSA": public_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - to be refused
    "key agreement": x25519.X25519PrivateKey.generate().public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ),
    "private key": private_pem(RELEASE),
    "certificate": pem(CORP.certificate),
    "two keys": public_pem(RELEASE) * 2,
    "nothing": b"",
    "text": b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "too much": b"\x30" * 70_000,
}  # fmt: skip


@pytest.mark.parametrize("data", REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_one_accepted_public_key_is_refused(data: bytes) -> None:
    with pytest.raises(SigningError):
        load_public_key(data)


def test_der_and_pem_are_the_same_key() -> None:
    key = load_public_key(public_pem(RELEASE))
    assert load_public_key(key.der).fingerprint == key.fingerprint


@pytest.mark.parametrize("name", ["P-256", "P-384", "P-521"])
def test_signature_with_r_and_s_side_by_side(name: str) -> None:
    live = PRIVATE[name]
    key = public_key_of(live.public_key())
    r, s = utils.decode_dss_signature(signing_function(live, key)(b"data"))
    size = (key.size_bits + 7) // 8
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    made = der_of_p1363(raw, key)
    assert verify_signature(key, usual_algorithm(key), made, data=b"data")
    for wrong in (raw[:-1], raw + b"\x00", b""):
        with pytest.raises(SigningError):
            der_of_p1363(wrong, key)
