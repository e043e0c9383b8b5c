"""Which files sign a model, and what a signature file says of itself; nothing is verified here."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.signing.bundle import Bundle, MaterialKind, parse_bundles
from mlsec.signing.errors import SigningError
from mlsec.signing.manifest import manifest_of
from mlsec.signing.statement import OMS_PREDICATE, parse_statement

ENDINGS = (".sig", ".sigstore", ".sigstore.json", ".bundle.json", ".sig.json", ".intoto.jsonl")
HEAD_BYTES = 4096
MAX_BUNDLE_BYTES = 64 << 20


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What one bundle says; every word of it unproven."""

    media_type: str
    signed_by: MaterialKind
    certificates: int
    log_entries: int
    timestamps: int
    signatures: int
    payload_type: str = ""
    predicate_type: str = ""
    model_name: str = ""
    root_digest: str = ""
    files: int = 0
    problem: str = ""


def discover(target: Path) -> tuple[Path, ...]:
    """Find the signature files of a model: in its folder, or beside it under its name.

    Only what looks like JSON with an envelope counts; a detached ASCII signature of another tool
    does not. Sorted by name.
    """
    if target.is_dir():
        inside = [one for one in _listed(target) if one.name.endswith(ENDINGS)]
        # "." has no name of its own, and the root of the disk none at all.
        whole = target.resolve()
        beside = [whole.with_name(whole.name + end) for end in ENDINGS] if whole.name else []
    else:
        inside = [target.with_name("model.sig")]
        beside = [target.with_name(target.name + end) for end in ENDINGS]
    found = {one for one in (*inside, *beside) if one != target and _looks_like_a_bundle(one)}
    return tuple(sorted(found))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be listed: {reason}", location=str(folder)) from None


def _looks_like_a_bundle(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            return is_like_a_bundle(opened.read(HEAD_BYTES))
    except OSError:
        # It may be the signature, so that it cannot be read must not go unsaid.
        return True


def is_like_a_bundle(head: bytes) -> bool:
    """Whether a file that begins like this could be a signature file."""
    # An empty file too: a signature that was cut short is a broken one, not none.
    return not head.strip() or head.lstrip()[:1] == b"{"


def inspect(file: Path) -> tuple[Inspected, ...]:
    """Say what the bundles of a file are and claim.

    Raises:
        MlsecError: it cannot be read, or is no bundle.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(file)) from None
    try:
        return tuple(_inspected(one) for one in parse_bundles(data))
    except SigningError as error:
        raise MlsecError(error.message, hint=error.hint, location=str(file)) from None


def _inspected(bundle: Bundle) -> Inspected:
    material = bundle.material
    found = Inspected(
        media_type=bundle.media_type,
        signed_by=material.kind,
        certificates=len(material.certificates),
        log_entries=len(material.log_entries),
        timestamps=len(material.timestamps),
        signatures=len(bundle.envelope.signatures) if bundle.envelope else 1,
    )
    if bundle.envelope is None:
        return found
    found = msgspec.structs.replace(found, payload_type=bundle.envelope.payload_type)
    try:
        statement = parse_statement(bundle.envelope.payload)
        found = msgspec.structs.replace(
            found,
            predicate_type=statement.predicate_type,
            model_name=statement.subjects[0].name,
        )
        if statement.predicate_type != OMS_PREDICATE:
            return found
        manifest = manifest_of(statement.predicate, may_have_more=True, may_be_dot=True)
    except SigningError as error:
        return msgspec.structs.replace(found, problem=error.message)
    return msgspec.structs.replace(
        found, root_digest=manifest.root_digest, files=len(manifest.paths())
    )
