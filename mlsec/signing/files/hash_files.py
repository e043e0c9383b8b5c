"""Hashes the files of a model as fast as the hash goes, and notices when one changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from mlsec.signing.errors import ChangedError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_fork import in_two_processes, may_fork
from mlsec.signing.files.hash_large import in_threads
from mlsec.signing.files.hash_plan import Hashed, Plan, failure, new_hash
from mlsec.signing.files.hash_small import SMALL_BYTES, in_this_thread
from mlsec.signing.files.listing import Listing, Stamp

TOLD_EVERY = 64

Say = Callable[[int, int], None]


def hash_files(
    folder: ModelFolder, files: dict[str, Stamp], plan: Plan, say: Say | None = None
) -> dict[str, Hashed]:
    """Hash every file of ``files`` (path -> stamp as listed).

    Args:
        folder: the open model.
        files: what to hash; a file whose stamp is another by now is reported, not hashed. One
            that is ``UNSEEN`` only has to keep still while it is read.
        plan: how.
        say: told the bytes done and the bytes in all (0 while not known), now and then.

    Raises:
        UnsupportedError: a hash that is not there.
    """
    new_hash(plan.hash_name)
    small = [path for path, stamp in files.items() if stamp.size_bytes < SMALL_BYTES]
    large = {path: stamp for path, stamp in files.items() if stamp.size_bytes >= SMALL_BYTES}
    sizes = [stamp.size_bytes for stamp in files.values()]
    total = sum(sizes) if min(sizes, default=0) >= 0 else 0
    found: dict[str, Hashed] = {}
    done = 0
    for number, one in enumerate(_small(folder, files, plan, small)):
        found[one.path] = _look_again(folder, one.path, large) if one.is_left else one
        done += one.size_bytes
        if say is not None and number % TOLD_EVERY == 0:
            say(done, total)
    if not large:
        return found
    order = sorted(large, key=lambda path: (-large[path].size_bytes, path))
    total = done + sum(stamp.size_bytes for stamp in large.values())
    for one in in_threads(folder, [(path, large[path]) for path in order], plan):
        found[one.path] = one
        done += one.size_bytes
        if say is not None:
            say(done, total)
    return found


def moved(
    folder: ModelFolder, listing: Listing, hashed: Iterable[Hashed]
) -> Iterator[tuple[str, bool]]:
    """Look again at everything, after all was hashed: what is another by now, and if a folder.

    A file that was swapped or written to after its turn would else pass for the one that was
    hashed, and a name that came or went would not be seen.
    """
    for path, stamp in listing.folders:
        if not _is_still(folder, path, stamp):
            yield path, True
    folder.forget()
    look_at = folder.look_at
    for one in hashed:
        if one.stamp is None:
            continue
        try:
            is_still = one.stamp.is_of(look_at(one.path))
        except OSError:
            is_still = False
        if not is_still:
            yield one.path, False


def _is_still(folder: ModelFolder, path: str, stamp: Stamp) -> bool:
    try:
        return folder.folder_stamp(path) == stamp
    except OSError:
        return False


def _small(
    folder: ModelFolder, files: dict[str, Stamp], plan: Plan, paths: Sequence[str]
) -> Iterator[Hashed]:
    work = partial(in_this_thread, folder, files, plan)
    return in_two_processes(paths, work) if may_fork(len(paths)) else work(paths)


def _look_again(folder: ModelFolder, path: str, large: dict[str, Stamp]) -> Hashed:
    """Put a file that is large after all among the others, or say why it cannot be."""
    try:
        large[path] = folder.file_stamp(path)
    except (OSError, ChangedError) as error:
        return failure(path, error)
    return Hashed(path)
