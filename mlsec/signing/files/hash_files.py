"""Hashes the files of a model on every core, and detects files that change meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from mlsec.signing.errors import ChangedError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_fork import may_fork, run_in_two_processes
from mlsec.signing.files.hash_large import hash_large_files
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress, failed_file, new_hash
from mlsec.signing.files.hash_small import SMALL_FILE_BYTES, hash_small_files
from mlsec.signing.files.listing import FileState, Listing

_REPORT_EVERY = 64


def hash_files(
    folder: ModelFolder,
    files: dict[str, FileState],
    plan: HashPlan,
    progress: Progress | None = None,
) -> dict[str, HashedFile]:
    """Hash every file of ``files`` (path -> state as listed).

    Args:
        folder: the open model.
        files: what to hash; a file whose state is another by now is reported, not hashed. One
            of ``UNKNOWN_STATE`` only has to stay the same while it is read.
        plan: how.
        progress: called now and then.

    Raises:
        UnsupportedError: a hash that is not available.
    """
    new_hash(plan.hash_name)
    small = [path for path, state in files.items() if state.size_bytes < SMALL_FILE_BYTES]
    large = {path: files[path] for path in files.keys() - set(small)}
    sizes = [state.size_bytes for state in files.values()]
    total = sum(sizes) if min(sizes, default=0) >= 0 else 0
    work = partial(hash_small_files, folder, files, plan)
    hashed: dict[str, HashedFile] = {}
    done = 0
    results = run_in_two_processes(small, work) if may_fork(len(small)) else work(small)
    for number, file in enumerate(results):
        hashed[file.path] = _look_again(folder, file.path, large) if file.is_left else file
        done += file.size_bytes
        if progress is not None and number % _REPORT_EVERY == 0:
            progress(done, total)
    if not large:
        return hashed
    order = sorted(large, key=lambda path: (-large[path].size_bytes, path))
    total = done + sum(state.size_bytes for state in large.values())
    for file in hash_large_files(folder, [(path, large[path]) for path in order], plan):
        hashed[file.path] = file
        done += file.size_bytes
        if progress is not None:
            progress(done, total)
    return hashed


def changed_since(
    folder: ModelFolder, listing: Listing, hashed: Iterable[HashedFile]
) -> Iterator[tuple[str, bool]]:
    """Yield what changed since the listing, with whether it is a folder; called after hashing.

    A file that was swapped or written to after its turn would else pass for the one that was
    hashed, and a name that came or went would not be seen.
    """
    for path, state in listing.folders:
        if not _is_same_folder(folder, path, state):
            yield path, True
    folder.forget()
    look_at = folder.look_at
    for file in hashed:
        if file.state is None:
            continue
        try:
            is_same = file.state.is_of(look_at(file.path))
        except OSError:
            is_same = False
        if not is_same:
            yield file.path, False


def _is_same_folder(folder: ModelFolder, path: str, state: FileState) -> bool:
    try:
        return folder.folder_state(path) == state
    except OSError:
        return False


def _look_again(folder: ModelFolder, path: str, large: dict[str, FileState]) -> HashedFile:
    """Add a file that turned out to be large to the others, or return why it cannot be."""
    try:
        large[path] = folder.file_state(path)
    except (OSError, ChangedError) as error:
        return failed_file(path, error)
    return HashedFile(path)
