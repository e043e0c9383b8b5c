"""Signs a model: hashes its files, writes the statement, and wraps it with what proves the key."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.content.unsigned_files import GIT_PATHS
from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_files import Progress, hash_files, moved
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.files.listing import Kind
from mlsec.signing.manifests.manifest import (
    MAX_ENTRIES,
    Entry,
    Manifest,
    in_order,
    predicate_of,
)
from mlsec.signing.manifests.paths import check_ignored, check_name, collision, is_under
from mlsec.signing.manifests.serialization import Method, Serialization
from mlsec.signing.manifests.statement import OMS_PREDICATE, PAYLOAD_TYPE, STATEMENT_TYPE
from mlsec.signing.models.discovery import discover

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


class SigningOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign: what to leave out, and how files are hashed (``shard_bytes`` 0: whole)."""

    ignored: tuple[str, ...] = ()
    hash_name: str = "sha256"
    shard_bytes: int = 0
    name: str = ""


USUAL = SigningOptions()


class SignerKey(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs: a function from bytes to a signature over them, and what proves whose it is.

    ``public_pem`` is the SubjectPublicKeyInfo in PEM; ``certificates`` are DER, the signer's first,
    empty where the verifier has the key. A key in hardware or a service is a function as well.
    """

    sign: Callable[[bytes], bytes]
    public_pem: bytes
    certificates: tuple[bytes, ...] = ()


def sign(
    target: Path,
    key: SignerKey,
    signature: Path,
    how: SigningOptions = USUAL,
    *,
    timestamp: Callable[[bytes], bytes] | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Sign a model as OMS v1.0 and give the bundle; nothing is written.

    Args:
        target: the folder of a model, or its one file.
        key: who signs.
        signature: where the bundle will lie, so that it is not signed itself.
        how: what to leave out and how to hash.
        timestamp: asks an authority for an RFC 3161 token over the signature's bytes.
        progress: told the bytes hashed and the bytes in all.

    Raises:
        MlsecError: no file, a link or special file, a name that cannot be signed, a file that
            cannot be read or changed meanwhile.
    """
    manifest = manifest_to_sign(target, signature, how, progress)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": how.name or target.resolve().name or "model",
                "digest": {"sha256": manifest.root_digest.removeprefix("sha256:")},
            }
        ],
        "predicateType": OMS_PREDICATE,
        "predicate": predicate_of(manifest),
    }
    payload = json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
    made = key.sign(pae(PAYLOAD_TYPE, payload))
    token = timestamp(made) if timestamp else b""
    return _bundle(key, payload, made, token)


def manifest_to_sign(
    target: Path, signature: Path, how: SigningOptions, progress: Progress | None = None
) -> Manifest:
    """Hash what is to be signed; arguments and errors as ``sign``."""
    for one in how.ignored:
        check_ignored(one)
    with ModelFolder(target) as folder:
        listing = folder.listing(MAX_ENTRIES)
        # Who signs after another must sign the same files, not the other's signature.
        beside = (one for file in (signature, *discover(target)) for one in _place_in(target, file))
        ignored = (*how.ignored, *GIT_PATHS, *beside)
        for odd in listing.odd():
            if not is_under(odd.path, ignored):
                _refuse(target, odd.path, odd.kind)
        files = {path: one for path, one in listing.files().items() if not is_under(path, ignored)}
        if not files:
            raise MlsecError("there is no file to sign", location=str(target))
        _check_names(target, tuple(files))
        plan = HashPlan(hash_name=how.hash_name, shard_bytes=how.shard_bytes)
        hashed = hash_files(folder, files, plan, progress)
        other = next(moved(folder, listing, hashed.values()), None)
    if other is not None:
        path, is_folder = other
        what = "a folder" if is_folder else "a file"
        place = str(target if folder.single else target / path)
        raise MlsecError(f"{what} changed while the model was read", location=place)
    entries = [entry for one in hashed.values() for entry in _entries(target, one, how)]
    serialization = Serialization(
        method=Method.SHARDS if how.shard_bytes else Method.FILES,
        hash_name=how.hash_name,
        shard_bytes=how.shard_bytes,
        ignored=tuple(dict.fromkeys(ignored)),
    )
    return Manifest(serialization=serialization, entries=in_order(entries), is_sorted=True)


def _place_in(target: Path, signature: Path) -> tuple[str, ...]:
    top, place = target.resolve(), signature.parent.resolve() / signature.name
    return (place.relative_to(top).as_posix(),) if place.is_relative_to(top) else ()


def _refuse(target: Path, path: str, kind: Kind) -> None:
    what = {
        Kind.SYMLINK: "is a link, which may point anywhere tomorrow",
        Kind.SPECIAL: "is neither a file nor a folder",
        Kind.UNREADABLE: "cannot be read",
        Kind.BAD_NAME: "has a name that is not UTF-8",
        Kind.TOO_DEEP: "is nested too deep",
        Kind.FILE: "cannot be signed",
    }[kind]
    raise MlsecError(
        f'"{path}" {what}', hint="replace or remove it, or leave it out with --ignore",
        location=str(target),
    )  # fmt: skip


def _check_names(target: Path, paths: Sequence[str]) -> None:
    try:
        for path in paths:
            check_name(path)
    except MalformedError as error:
        raise MlsecError(error.message, hint="rename it", location=str(target)) from None
    twins = collision(paths)
    if twins:
        raise MlsecError(
            f'"{twins[0]}" and "{twins[1]}" are one file on some systems',
            hint="rename one of them", location=str(target),
        )  # fmt: skip


def _entries(target: Path, one: HashedFile, how: SigningOptions) -> list[Entry]:
    if one.problem:
        raise MlsecError(f'"{one.path}": {one.problem}', location=str(target))
    if not how.shard_bytes:
        return [Entry(one.path, one.digests[0])]
    if not one.size_bytes:
        raise MlsecError(
            f'"{one.path}" is empty, and empty files cannot be listed in parts',
            hint="sign whole files, or leave it out with --ignore",
            location=str(target),
        )
    return [
        Entry(one.path, digest, n * how.shard_bytes, min((n + 1) * how.shard_bytes, one.size_bytes))
        for n, digest in enumerate(one.digests)
    ]


def _bundle(key: SignerKey, payload: bytes, signature: bytes, token: bytes) -> bytes:
    material: dict[str, Any]
    if key.certificates:
        chain = [{"rawBytes": _base64(one)} for one in key.certificates]
        material = {"x509CertificateChain": {"certificates": chain}, "tlogEntries": []}
    else:
        hint = hashlib.sha256(key.public_pem).hexdigest()
        material = {"publicKey": {"hint": hint}, "tlogEntries": []}
    if token:
        stamps = [{"signedTimestamp": _base64(token)}]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": _base64(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _base64(signature), "keyid": ""}],
        },
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def load_signer(
    key: bytes, password: bytes | None, certificates: Sequence[bytes], *, place: str = ""
) -> SignerKey:
    """Make a signer of a private key (PEM, PKCS#8 or SEC 1) and certificate files.

    Args:
        key: the key file.
        password: of an encrypted key.
        certificates: certificate files, the signer's own first.
        place: what the key file is called in errors about it.

    Raises:
        SigningError: not such a key, a wrong password, a kind that is not accepted, or a
            certificate for another key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    from mlsec.signing.certificates.certificate import read_certificates  # noqa: PLC0415
    from mlsec.signing.keys.private_keys import signer_of  # noqa: PLC0415
    from mlsec.signing.keys.public_keys import public_key_of  # noqa: PLC0415

    try:
        live: Any = serialization.load_pem_private_key(key, password)
    except TypeError as error:
        reason = " ".join(str(error).split())
        raise SigningError(reason, hint="see --password-env", location=place) from None
    except (ValueError, UnsupportedAlgorithm):
        is_locked = b"ENCRYPTED" in key and password is not None
        raise SigningError(
            "the password is wrong, or the key is broken" if is_locked else "no private key in PEM",
            hint="" if is_locked else "openssl ecparam -genkey makes one",
            location=place,
        ) from None
    public = public_key_of(live.public_key(), "the key")
    chain = tuple(one for file in certificates for one in read_certificates(file))
    if chain and public_key_of(chain[0].public_key()).der != public.der:
        raise SigningError("the certificate is for another key", hint="give the signer's own first")
    pem = live.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    encoded = tuple(one.public_bytes(serialization.Encoding.DER) for one in chain)
    return SignerKey(sign=signer_of(live, public), public_pem=pem, certificates=encoded)
