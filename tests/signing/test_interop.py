"""What we sign model-signing verifies, and what it signs we verify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mlsec.signing.signer.sign import SigningOptions
from tests.signing.make_timestamp import Holder, issue
from tests.signing.workshop import (
    CODE,
    CORP,
    FILES,
    RELEASE,
    Workshop,
    bad,
    certificate_signer,
    is_verified,
    key_signer,
    pem,
    private_pem,
    public_pem,
)

_BETWEEN = issue("corp intermediate", CORP)
_ALICE = issue("alice", _BETWEEN, is_ca=False, purposes=CODE)
_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
# Not BLAKE2b and not parts: model-signing 1.1.1 cannot verify the first by the name it writes
# itself, and wants a label for the second that the standard does not know.
_WAYS = {"all": SigningOptions(), "one left out": SigningOptions(ignored=("config.json",))}


@pytest.fixture(scope="module")
def peer() -> Any:
    # It takes a second to import, so only here.
    return pytest.importorskip("model_signing")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shop = Workshop(tmp_path)
    # Parts and paths in the two orders that are in use: "sub.txt" comes before "sub/x" by its
    # characters, and after it by its parts.
    shop.write("sub.txt", b"x" * 200)
    return shop


def with_key(shop: Workshop, key: Any) -> tuple[Path, Path]:
    shop.anchors["release"]["pem"] = "key.pub"
    (shop.folder / "key.pub").write_bytes(public_pem(key))
    (shop.folder / "key.pem").write_bytes(private_pem(key))
    return shop.folder / "key.pem", shop.folder / "key.pub"


def with_certificates(shop: Workshop, holder: Holder = _ALICE) -> tuple[Path, Path, Path]:
    files = {"leaf": pem(holder.certificate), "between": pem(_BETWEEN.certificate)}
    for name, content in files.items():
        (shop.folder / f"{name}.pem").write_bytes(content)
    (shop.folder / "leaf.key").write_bytes(private_pem(holder.key))
    return shop.folder / "leaf.key", shop.folder / "leaf.pem", shop.folder / "between.pem"


@pytest.mark.parametrize("way", _WAYS.values(), ids=list(_WAYS))
@pytest.mark.parametrize("curve", _CURVES.values(), ids=list(_CURVES))
def test_peer_verifies_what_we_sign_with_a_key(
    curve: ec.EllipticCurve, way: SigningOptions, shop: Workshop, peer: Any
) -> None:
    key = ec.generate_private_key(curve)
    _, public = with_key(shop, key)
    shop.sign(key_signer(key), way)
    config = peer.verifying.Config().use_elliptic_key_verifier(public_key=public)
    config.verify(shop.model, shop.signature)
    shop.write("model.safetensors", b"changed")
    with pytest.raises(ValueError, match="mismatch"):
        config.verify(shop.model, shop.signature)


# The peer notes in a deprecated way that the certificate has no key usage.
@pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning")
def test_peer_verifies_what_we_sign_with_a_certificate(shop: Workshop, peer: Any) -> None:
    shop.sign(certificate_signer(_ALICE, _BETWEEN))
    config = peer.verifying.Config().use_certificate_verifier(
        certificate_chain=[shop.folder / "corp.pem"]
    )
    config.verify(shop.model, shop.signature)


def _files(config: Any) -> Any:
    return config.use_file_serialization(hashing_algorithm="sha256")


def _blake2(config: Any) -> Any:
    return config.use_file_serialization(hashing_algorithm="blake2")


def _blake3(config: Any) -> Any:
    return config.use_file_serialization(hashing_algorithm="blake3")


def _parts(config: Any) -> Any:
    return config.use_shard_serialization(shard_size=64)


@pytest.mark.parametrize("way", [_files, _blake2, _blake3, _parts])
@pytest.mark.parametrize("curve", _CURVES.values(), ids=list(_CURVES))
def test_we_verify_what_the_peer_signs_with_a_key(
    curve: ec.EllipticCurve, way: Callable[[Any], Any], shop: Workshop, peer: Any
) -> None:
    private, _ = with_key(shop, ec.generate_private_key(curve))
    hashing = way(peer.hashing.Config()).set_ignored_paths(paths=[shop.signature])
    config = peer.signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(hashing).sign(shop.model, shop.signature)
    verdict = shop.verify()
    assert is_verified(verdict), bad(verdict)
    shop.write("model.safetensors", bytes(len(FILES["model.safetensors"])))
    assert "files/unchanged" in bad(shop.verify())


def test_we_verify_what_the_peer_signs_with_a_certificate(shop: Workshop, peer: Any) -> None:
    private, leaf, between = with_certificates(shop)
    config = peer.signing.Config().use_certificate_signer(
        private_key=private, signing_certificate=leaf, certificate_chain=[between]
    )
    config.sign(shop.model, shop.signature)
    verdict = shop.verify()
    assert is_verified(verdict), bad(verdict)


def test_peer_and_we_agree_on_a_changed_file(shop: Workshop, peer: Any) -> None:
    private, public = with_key(shop, RELEASE)
    peer.signing.Config().use_elliptic_key_signer(private_key=private).sign(
        shop.model, shop.signature
    )
    shop.write("config.json", b"changed")
    assert bad(shop.verify()) == {"files/unchanged"}
    with pytest.raises(ValueError, match="mismatch"):
        peer.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(
            shop.model, shop.signature
        )


@pytest.mark.parametrize(
    "key",
    [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 3072)],
    ids=["Ed25519", "RSA"],
)
def test_kinds_of_key_that_the_peer_does_not_know(key: Any, shop: Workshop) -> None:
    with_key(shop, key)
    shop.sign(key_signer(key))
    assert is_verified(shop.verify())
    shop.write("config.json", b"{ }")
    assert bad(shop.verify()) == {"files/unchanged"}
