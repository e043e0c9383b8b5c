"""The files that a snapshot is or has while it is written."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.entry_path import entry_path
from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_replaceable

# What SQLite keeps beside a file that is written to, by how its name ends.
BESIDE = ("-wal", "-shm", "-journal")


def part_of(path: Path) -> Path:
    """Name the working file of a snapshot."""
    return path.with_name(path.name + ".part")


def make_room(path: Path) -> None:
    """Make the folder of a snapshot that is about to be collected.

    Raises:
        MlsecError: an interrupted collection or a folder lies there, or it cannot be written.
    """
    part = part_of(path)
    try:
        check_replaceable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        is_folder, is_begun = path.is_dir(), part.exists()
    except OSError as error:
        reason, place = error.strerror or str(error), error.filename or path.parent
        raise MlsecError(f"cannot be written: {reason}", location=str(place)) from None
    if is_folder:
        raise MlsecError(
            "is a folder, and a snapshot is one file",
            hint=f"such as {path / 'evidence.mlsnap'}",
            location=str(path),
        )
    if is_begun:
        hint = "go on with --resume, or delete it"
        raise MlsecError(f"an interrupted collection lies at {part}", hint=hint)


def files_of(path: Path) -> frozenset[str]:
    """Name the files that a snapshot has while it is written, with the links above resolved."""
    return frozenset(entry_path(f"{part_of(path)}{end}") for end in ("", *BESIDE))
