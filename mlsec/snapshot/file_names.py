"""The files that a snapshot is or has while it is written."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.entry_path import entry_path

# What SQLite keeps beside a file that is written to, by how its name ends.
BESIDE = ("-wal", "-shm", "-journal")


def part_of(path: Path) -> Path:
    """Name the working file of a snapshot."""
    return path.with_name(path.name + ".part")


def files_of(path: Path) -> frozenset[str]:
    """Name the files that a snapshot has while it is written, with the links above resolved."""
    return frozenset(entry_path(f"{part_of(path)}{end}") for end in ("", *BESIDE))
