"""The signature files of a model on disk."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.errors import MlsecError

ENDINGS = (".sig", ".sigstore", ".sigstore.json", ".bundle.json", ".sig.json", ".intoto.jsonl")
HEAD_BYTES = 4096


def discover(target: Path) -> tuple[Path, ...]:
    """Find the signature files of a model: in its folder, or beside it under its name.

    Only what looks like JSON with an envelope counts; a detached ASCII signature of another tool
    does not. Sorted by name.
    """
    if target.is_dir():
        inside = [file for file in _listed(target) if file.name.endswith(ENDINGS)]
        # "." has no name of its own, and the root of the disk none at all.
        whole = target.resolve()
        beside = [whole.with_name(whole.name + end) for end in ENDINGS] if whole.name else []
    else:
        inside = [target.with_name("model.sig")]
        beside = [target.with_name(target.name + end) for end in ENDINGS]
    candidates = {*inside, *beside} - {target}
    return tuple(sorted(file for file in candidates if _may_be_signature(file)))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be listed: {reason}", location=str(folder)) from None


def _may_be_signature(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            return may_be_bundle(opened.read(HEAD_BYTES))
    except OSError:
        # It may be the signature, so that it cannot be read must not go unsaid.
        return True


def may_be_bundle(head: bytes) -> bool:
    """Whether a file that begins like this could be a signature file."""
    # An empty file too: a signature that was cut short is a broken one, not none.
    return not head.strip() or head.lstrip()[:1] == b"{"


def path_inside(file: Path, top: Path) -> str:
    """Return the path of a file in the folder ``top`` (resolved), "" when it lies elsewhere."""
    path = file.parent.resolve() / file.name
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else ""
