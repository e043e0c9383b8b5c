"""A thread that writes to a file again and again while something else reads it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import HashedFile
from mlsec.signing.files.listing import Listing
from mlsec.signing.models import local_model

Change = Callable[[Path], object]


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def shrink(path: Path) -> None:
    os.truncate(path, max(1000, path.stat().st_size - 1000))


def rewrite(path: Path) -> None:
    """In place, with the same bytes, and with its old time put back."""
    before = path.stat()
    with path.open("r+b") as file:
        head = file.read(10)
        file.seek(0)
        file.write(head)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    """By another file with the same bytes, of two that take turns: to write one takes long."""
    others = [path.parent.parent / f"other-{number}" for number in range(2)]
    for other in others:
        if not other.exists():
            other.write_bytes(path.read_bytes())
    new = path.parent.parent / "new"
    new.hardlink_to(next(other for other in others if not other.samefile(path)))
    new.replace(path)


CHANGES = (grow, shrink, rewrite, replace)


@contextmanager
def writing(path: Path, change: Change) -> Iterator[Callable[[], int]]:
    """Change a file until the block ends, once before it begins; give how often until now."""
    change(path)
    is_over = threading.Event()
    changes: list[None] = []

    def work() -> None:
        while not is_over.is_set():
            change(path)
            changes.append(None)
            time.sleep(0.001)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield changes.__len__
    finally:
        is_over.set()
        thread.join()


@contextmanager
def after_hashing(change: Callable[[], object]) -> Iterator[None]:
    """Change something right after all files were hashed."""
    hashed = local_model.hash_files

    def hash_files(*arguments: Any) -> dict[str, HashedFile]:
        found = hashed(*arguments)
        change()
        return found

    local_model.hash_files = hash_files  # type: ignore[assignment]
    try:
        yield
    finally:
        local_model.hash_files = hashed


@contextmanager
def after_listing(change: Callable[[], object]) -> Iterator[None]:
    """Change something right after a model was listed, as an attacker who waits for it would."""
    listed = ModelFolder.listing

    def listing(folder: ModelFolder, max_entries: int, *, is_quick: bool = False) -> Listing:
        found = listed(folder, max_entries, is_quick=is_quick)
        change()
        return found

    ModelFolder.listing = listing  # type: ignore[method-assign]
    try:
        yield
    finally:
        ModelFolder.listing = listed  # type: ignore[method-assign]
