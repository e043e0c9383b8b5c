"""The code as it was before a change, as evidence beside that of the scan."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from mlsec.collect.secrets.masking import Masker
from mlsec.repository.changes.change import Change, Place
from mlsec.repository.changes.tree import Committed, bodies_of
from mlsec.repository.collector import MAX_BYTES, code_call, scope_of
from mlsec.repository.language import may_matter
from mlsec.snapshot.store import Snapshot

# Beyond this the rest counts as not there before: more is shown, never less.
MAX_TOTAL_BYTES = 512 * 1024 * 1024
_REGULAR = ("100644", "100755")


def record_before(change: Change, snapshot: Snapshot) -> None:
    """Write the code of the merge base, under the names that the work tree's files have now."""
    masker = Masker(secrets.token_hex(16))
    for place in change.places:
        scope = scope_of(place.target)
        below = dict(_below(change, place))
        for file, body in bodies_of(change.git, below):
            path, where = below[file]
            call = code_call(
                scope, _id_of(place, path), path, where, body, masker, is_committed=True
            )
            if call is not None:
                snapshot.record(*call, is_clean=True)


def _below(change: Change, place: Place) -> Iterator[tuple[Committed, tuple[str, str]]]:
    """Give the files that may hold code, each with its path from the target and from the root."""
    left = MAX_TOTAL_BYTES
    start = "" if place.in_repository == "." else f"{place.in_repository}/"
    for where, file in sorted(change.files.items()):
        if file is None or file.mode not in _REGULAR or file.size_bytes > MAX_BYTES:
            continue
        if place.is_file and where == place.in_repository:
            path = where.rpartition("/")[2]
        elif not place.is_file and where.startswith(start):
            path = where[len(start) :]
        else:
            continue
        if may_matter(path) and file.size_bytes <= left:
            left -= file.size_bytes
            yield file, (path, where)


def _id_of(place: Place, path: str) -> str:
    if place.is_file:
        return place.base
    return path if place.base == "." else f"{place.base}/{path}"
