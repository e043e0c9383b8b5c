"""Finds models in a bucket: the one that an address names, or those that a listing holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from mlsec.collect.folders.entry import Bucket, Entry, Listing, Within
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.model import FarModel
from mlsec.model_files.folders import folders_of, marked_by_name
from mlsec.signing.models.discovery import ENDINGS

_IN_PART = "only a part of its folder was listed: name the folder, with / at the end"


def model_at(bucket: Bucket) -> FarModel:
    """Find the model that an address names: a folder, or one object.

    Raises:
        MlsecError: nothing lies there, or the bucket cannot be asked.
    """
    asked = bucket.prefix
    base = asked if asked.endswith("/") or not asked else f"{asked}/"
    within = bucket.at(base)
    listing = within.listing()
    if listing.entries or not listing.is_complete:
        return FarModel(
            bucket=within,
            prefix=base,
            entries={entry.path: entry for entry in listing.entries},
            beside=_beside(bucket, base),
            hidden=_hidden(listing),
        )
    near = bucket.listing() if asked != base else listing
    result = next((entry for entry in near.entries if entry.key == asked), None)
    if result is None and near.is_complete:
        raise MlsecError("no such object or folder", location=f"{bucket.root}/{asked}")
    signature = bucket.at(asked[: asked.rfind("/") + 1] + "model.sig").listing()
    return FarModel(
        bucket=bucket,
        prefix=asked,
        entries={result.path: result} if result is not None else {},
        beside=_on_top(near, signature),
        is_folder=False,
        hidden=_hidden(near) or _hidden(signature),
    )


def models_in(
    bucket: Bucket, listing: Listing, marked: frozenset[str] | None = None
) -> Iterator[tuple[str, FarModel]]:
    """Give every folder that models lie in, relative to the target, and the model there.

    In those ``marked`` a model begins, and takes in the folders below; None to go by names.
    """
    paths = [entry.path for entry in listing.entries]
    by_path = {entry.path: entry for entry in listing.entries}
    marked = marked_by_name(paths) if marked is None else marked
    for folder in sorted(set(folders_of(paths, marked).values())):
        if folder:
            yield folder, _below(bucket, listing, paths, by_path, folder)
        else:
            yield folder, _top(bucket, listing, by_path)


def _top(bucket: Bucket, listing: Listing, by_path: Mapping[str, Entry]) -> FarModel:
    """The folder of the target's last name: listed is only what begins with that name."""
    base = bucket.prefix[: bucket.prefix.rfind("/") + 1]
    is_whole = base == bucket.prefix and bucket.within is Within.ALL
    return FarModel(
        bucket=bucket,
        prefix=base,
        entries=by_path,
        beside=_beside(bucket, base) if is_whole else (),
        hidden=_hidden(listing) if is_whole else _IN_PART,
    )


def _below(
    bucket: Bucket,
    listing: Listing,
    paths: Sequence[str],
    by_path: Mapping[str, Entry],
    folder: str,
) -> FarModel:
    start = f"{folder}/"
    entries = {}
    for number in range(bisect_left(paths, start), len(paths)):
        if not paths[number].startswith(start):
            break
        entries[paths[number].removeprefix(start)] = listing.entries[number]
    inside, entry = next(iter(entries.items()))
    # Paths are escaped for people; the store is asked in its own spelling.
    prefix = entry.key.rsplit("/", inside.count("/") + 1)[0] + "/"
    beside = (folder + ending for ending in ENDINGS)
    return FarModel(
        bucket=bucket,
        prefix=prefix,
        entries=entries,
        beside=tuple(by_path[path] for path in beside if path in by_path),
        hidden=_hidden(listing),
    )


def _beside(bucket: Bucket, base: str) -> tuple[Entry, ...] | None:
    """List what could be a folder's signature next to it; None when that is refused."""
    if not base:
        return ()
    listing = bucket.at(base.rstrip("/") + ".").listing()
    return _on_top(listing) if listing.is_complete else None


def _on_top(*listings: Listing) -> tuple[Entry, ...]:
    """What lies in the folder itself; a prefix also gives what lies in folders like chat.old/."""
    return tuple(
        entry for listing in listings for entry in listing.entries if "/" not in entry.path
    )


def _hidden(listing: Listing) -> str:
    if listing.is_complete:
        return ""
    why = ", ".join(item.why for item in listing.skipped if item.reason)
    return f"not all of it could be listed: {why}"
