"""An Ed25519 signature of a snapshot's seal, kept in a small file beside the evidence."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

SCHEMA = "mlsec/seal-signature/1"
_MAX_BYTES = 64 * 1024
_NEW_KEY = "openssl genpkey -algorithm ed25519 -out key.pem"
_PUBLIC_KEY = "openssl pkey -in key.pem -pubout -out key.pub"


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """``public_key`` is raw and ``signature`` covers ``signed_text(seal)``; both in base64."""

    schema: str = SCHEMA
    seal: str
    public_key: str
    signature: str

    @property
    def key_id(self) -> str:
        """16 hex digits that distinguish keys; no proof of anything."""
        return key_id(_decoded(self.public_key))


def signature_file(snapshot: Path) -> Path:
    """Name the file beside a snapshot, or beside its folder, that holds the signature."""
    return snapshot.with_name(snapshot.name + ".sig")


def signed_text(seal: str) -> bytes:
    """Give the bytes that are signed: they cannot be taken for anything else that is."""
    return f"{SCHEMA}\n{seal}\n".encode()


def key_id(public_key: bytes) -> str:
    """Name a key by its digest."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def read_private_key(path: Path) -> ed25519.Ed25519PrivateKey:
    """Read an unencrypted PEM key.

    Raises:
        MlsecError: not there, encrypted, or not an Ed25519 key.
    """
    # Loading a key is the only thing here that needs the package.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except TypeError:
        raise MlsecError(
            "the key is encrypted", hint="decrypt it into a file that only you can read: "
            "openssl pkey -in KEY -out PLAIN", location=str(path),
        ) from None  # fmt: skip
    except (ValueError, _unsupported()):
        raise MlsecError("no private key in PEM", hint=_NEW_KEY, location=str(path)) from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise MlsecError("not an Ed25519 key", hint=_NEW_KEY, location=str(path))
    return key


def read_public_key(path: Path) -> ed25519.Ed25519PublicKey:
    """Read a PEM key.

    Raises:
        MlsecError: not there, or not an Ed25519 public key.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, _unsupported()):
        raise MlsecError("no public key in PEM", hint=_PUBLIC_KEY, location=str(path)) from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise MlsecError("not an Ed25519 key", hint=_PUBLIC_KEY, location=str(path))
    return key


def sign(seal: str, key: ed25519.Ed25519PrivateKey) -> Signature:
    """Sign a seal."""
    return Signature(
        seal=seal,
        public_key=base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        signature=base64.b64encode(key.sign(signed_text(seal))).decode(),
    )


def read_signature(path: Path) -> Signature:
    """Read a signature file.

    Raises:
        MlsecError: not there, or not what ``sign`` makes.
    """
    if not path.exists():
        raise MlsecError(
            "there is no signature", hint="mlsec snapshot sign SNAPSHOT --key KEY",
            location=str(path),
        )  # fmt: skip
    try:
        signature = msgspec.json.decode(_read(path), type=Signature)
        _decoded(signature.public_key)
        _decoded(signature.signature)
    except (msgspec.DecodeError, binascii.Error, UnicodeError, RecursionError) as error:
        raise MlsecError(f"not a signature of a seal: {error}", location=str(path)) from None
    if signature.schema != SCHEMA:
        raise MlsecError(f'the signature is of "{signature.schema[:60]}"', location=str(path))
    return signature


def check_signature(
    signature: Signature, seal: str, key: ed25519.Ed25519PublicKey, location: str
) -> None:
    """Check that the key you trust signed this very seal.

    Raises:
        MlsecError: another seal, another key, or a signature that does not hold.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    if signature.seal != seal:
        raise MlsecError(
            f"the signature is of the seal {signature.seal[:12]}, the evidence has {seal[:12]}",
            hint="it was signed before it was changed, or it belongs to other evidence",
            location=location,
        )
    if _decoded(signature.public_key) != key.public_bytes_raw():
        raise MlsecError(
            f"signed by the key {signature.key_id}, not by {key_id(key.public_bytes_raw())}",
            location=location,
        )
    try:
        key.verify(_decoded(signature.signature), signed_text(seal))
    except InvalidSignature:
        raise MlsecError("the signature does not hold", location=location) from None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii"), validate=True)


def _read(path: Path) -> bytes:
    try:
        return read_named_file(path, _MAX_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    return UnsupportedAlgorithm
