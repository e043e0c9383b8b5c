"""Signs a model: hashes its files, writes the statement and wraps it in a Sigstore bundle."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import plain_name
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.content.unsigned_files import GIT_PATHS
from mlsec.signing.errors import MalformedError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_files import changed_since, hash_files
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress, byte_ranges
from mlsec.signing.files.listing import Kind
from mlsec.signing.manifests.manifest import MAX_ENTRIES, Entry, Manifest, in_order, predicate_of
from mlsec.signing.manifests.paths import check_ignored, check_name, collision, is_under
from mlsec.signing.manifests.serialization import Method, Serialization
from mlsec.signing.manifests.statement import OMS_PREDICATE, PAYLOAD_TYPE, STATEMENT_TYPE
from mlsec.signing.models.discovery import discover, path_inside
from mlsec.signing.signer.signing_key import SignerKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_REFUSED = {
    Kind.SYMLINK: "is a link, whose target can change after signing",
    Kind.SPECIAL: "is neither a file nor a folder",
    Kind.UNREADABLE: "cannot be read",
    Kind.BAD_NAME: "has a name that is not UTF-8",
    Kind.TOO_DEEP: "is nested too deep",
}


class SigningOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign: what to leave out, and how files are hashed (``shard_bytes`` 0: whole)."""

    ignored: tuple[str, ...] = ()
    hash_name: str = "sha256"
    shard_bytes: int = 0
    name: str = ""


DEFAULT_OPTIONS = SigningOptions()


def sign(
    target: Path,
    key: SignerKey,
    signature: Path,
    options: SigningOptions = DEFAULT_OPTIONS,
    *,
    timestamp: Callable[[bytes], bytes] | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Sign a model as OMS v1.0 and return the bundle; nothing is written.

    Args:
        target: the folder of a model, or its one file.
        key: who signs.
        signature: where the bundle will lie, so that it is not signed itself.
        options: what to leave out and how to hash.
        timestamp: asks an authority for an RFC 3161 token over the signature's bytes.
        progress: called with the bytes hashed and the bytes in all.

    Raises:
        MlsecError: no file, a link or special file, a name that cannot be signed, a file that
            cannot be read or changed meanwhile.
    """
    model_name = options.name or target.resolve().name or "model"
    _check_name(model_name, target)
    manifest = manifest_to_sign(target, signature, options, progress)
    subject = {
        "name": model_name,
        "digest": {"sha256": manifest.root_digest.removeprefix("sha256:")},
    }
    return sign_statement(key, [subject], OMS_PREDICATE, predicate_of(manifest), timestamp)


def sign_statement(
    key: SignerKey,
    subjects: Sequence[Mapping[str, Any]],
    predicate_type: str,
    predicate: Mapping[str, Any],
    timestamp: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Sign an in-toto statement about subjects and return it in a Sigstore bundle."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    payload = json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
    signed = key.sign(pae(PAYLOAD_TYPE, payload))
    return _bundle(key, payload, signed, timestamp(signed) if timestamp else b"")


def _check_name(name: str, target: Path) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise MlsecError(
            "the name of the model is not Unicode text", hint="rename it", location=str(target)
        ) from None


def manifest_to_sign(
    target: Path, signature: Path, options: SigningOptions, progress: Progress | None = None
) -> Manifest:
    """Hash what is to be signed; arguments and errors as ``sign``."""
    for path in options.ignored:
        check_ignored(path)
    plan = HashPlan(hash_name=options.hash_name, shard_bytes=options.shard_bytes)
    with ModelFolder(target) as folder:
        listing = folder.listing(MAX_ENTRIES)
        # Who signs after another must sign the same files, not the other's signature.
        top = target.resolve()
        signatures = (path_inside(file, top) for file in (signature, *discover(target)))
        ignored = (*options.ignored, *GIT_PATHS, *filter(None, signatures))
        for path in ignored:
            if plain_name(path) != path:
                raise MlsecError(
                    f'"{plain_name(path)}" cannot be named in what is signed',
                    hint="rename it", location=str(target),
                )  # fmt: skip
        for entry in listing.irregular():
            if not is_under(entry.path, ignored):
                raise MlsecError(
                    f'"{entry.path}" {_REFUSED[entry.kind]}', location=str(target),
                    hint="replace or remove it, or leave it out with --ignore",
                )  # fmt: skip
        files = {
            path: state for path, state in listing.files().items() if not is_under(path, ignored)
        }
        if not files:
            raise MlsecError("there is no file to sign", location=str(target))
        _check_names(target, tuple(files))
        hashed = hash_files(folder, files, plan, progress)
        change = next(changed_since(folder, listing, hashed.values()), None)
        if change is not None:
            path, is_folder = change
            what = "a folder" if is_folder else "a file"
            place = str(target if folder.single else target / path)
            raise MlsecError(f"{what} changed while the model was read", location=place)
    entries = [entry for file in hashed.values() for entry in _entries(target, file, options)]
    serialization = Serialization(
        method=Method.SHARDS if options.shard_bytes else Method.FILES,
        hash_name=options.hash_name,
        shard_bytes=options.shard_bytes,
        ignored=tuple(dict.fromkeys(ignored)),
    )
    return Manifest(serialization=serialization, entries=in_order(entries), is_sorted=True)


def _check_names(target: Path, paths: Sequence[str]) -> None:
    try:
        for path in paths:
            check_name(path)
    except MalformedError as error:
        raise MlsecError(error.message, hint="rename it", location=str(target)) from None
    if names := collision(paths):
        raise MlsecError(
            f'"{names[0]}" and "{names[1]}" are the same file on some systems',
            hint="rename one of them", location=str(target),
        )  # fmt: skip


def _entries(target: Path, file: HashedFile, options: SigningOptions) -> list[Entry]:
    if file.problem:
        raise MlsecError(f'"{file.path}": {file.problem}', location=str(target))
    if not options.shard_bytes:
        return [Entry(file.path, file.digests[0])]
    if not file.size_bytes:
        raise MlsecError(
            f'"{file.path}" is empty, and empty files cannot be listed in parts',
            hint="sign whole files, or leave it out with --ignore",
            location=str(target),
        )
    ranges = byte_ranges(file.size_bytes, options.shard_bytes)
    return [
        Entry(file.path, digest, start, end)
        for digest, (start, end) in zip(file.digests, ranges, strict=True)
    ]


def _bundle(key: SignerKey, payload: bytes, signature: bytes, token: bytes) -> bytes:
    material: dict[str, Any] = {}
    if key.certificates:
        chain = [{"rawBytes": _base64(certificate)} for certificate in key.certificates]
        material["x509CertificateChain"] = {"certificates": chain}
    else:
        material["publicKey"] = {"hint": hashlib.sha256(key.public_pem).hexdigest()}
    material["tlogEntries"] = []
    if token:
        tokens = [{"signedTimestamp": _base64(token)}]
        material["timestampVerificationData"] = {"rfc3161Timestamps": tokens}
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
