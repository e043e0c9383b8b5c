"""Hashes the files of a model as fast as the hash goes, and notices when one changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from mlsec.signing.errors import ChangedError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_fork import may_fork, run_in_two_processes
from mlsec.signing.files.hash_large import hash_large_files
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, failure, new_hash
from mlsec.signing.files.hash_small import SMALL_FILE_BYTES, hash_small_files
from mlsec.signing.files.listing import FileState, Listing

TOLD_EVERY = 64

Progress = Callable[[int, int], None]


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
            that is ``UNKNOWN_STATE`` only has to keep still while it is read.
        plan: how.
        progress: told the bytes done and the bytes in all (0 while not known), now and then.

    Raises:
        UnsupportedError: a hash that is not there.
    """
    new_hash(plan.hash_name)
    small = [path for path, state in files.items() if state.size_bytes < SMALL_FILE_BYTES]
    large = {path: state for path, state in files.items() if state.size_bytes >= SMALL_FILE_BYTES}
    sizes = [state.size_bytes for state in files.values()]
    total = sum(sizes) if min(sizes, default=0) >= 0 else 0
    found: dict[str, HashedFile] = {}
    done = 0
    for number, one in enumerate(_small(folder, files, plan, small)):
        found[one.path] = _look_again(folder, one.path, large) if one.is_left else one
        done += one.size_bytes
        if progress is not None and number % TOLD_EVERY == 0:
            progress(done, total)
    if not large:
        return found
    order = sorted(large, key=lambda path: (-large[path].size_bytes, path))
    total = done + sum(state.size_bytes for state in large.values())
    for one in hash_large_files(folder, [(path, large[path]) for path in order], plan):
        found[one.path] = one
        done += one.size_bytes
        if progress is not None:
            progress(done, total)
    return found


def moved(
    folder: ModelFolder, listing: Listing, hashed: Iterable[HashedFile]
) -> Iterator[tuple[str, bool]]:
    """Look again at everything, after all was hashed: what is another by now, and if a folder.

    A file that was swapped or written to after its turn would else pass for the one that was
    hashed, and a name that came or went would not be seen.
    """
    for path, state in listing.folders:
        if not _is_still(folder, path, state):
            yield path, True
    folder.forget()
    look_at = folder.look_at
    for one in hashed:
        if one.state is None:
            continue
        try:
            is_still = one.state.is_of(look_at(one.path))
        except OSError:
            is_still = False
        if not is_still:
            yield one.path, False


def _is_still(folder: ModelFolder, path: str, state: FileState) -> bool:
    try:
        return folder.folder_state(path) == state
    except OSError:
        return False


def _small(
    folder: ModelFolder, files: dict[str, FileState], plan: HashPlan, paths: Sequence[str]
) -> Iterator[HashedFile]:
    work = partial(hash_small_files, folder, files, plan)
    return run_in_two_processes(paths, work) if may_fork(len(paths)) else work(paths)


def _look_again(folder: ModelFolder, path: str, large: dict[str, FileState]) -> HashedFile:
    """Put a file that is large after all among the others, or say why it cannot be."""
    try:
        large[path] = folder.file_state(path)
    except (OSError, ChangedError) as error:
        return failure(path, error)
    return HashedFile(path)
