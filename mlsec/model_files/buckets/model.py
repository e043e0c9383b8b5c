"""A model in a bucket as verification sees it: listed once, read by ranges of what was listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from mlsec.artifacts.bytes.window import Source
from mlsec.artifacts.errors import ArtifactError
from mlsec.collect.folders.entry import Bucket, Entry
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.hashing import hash_objects, unread
from mlsec.signing.errors import OverLimitError, SigningError, UnreadError
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress
from mlsec.signing.files.listing import FileState, Kind, Listing, ModelEntry
from mlsec.signing.models.discovery import ENDINGS, HEAD_BYTES, may_be_bundle
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.verdicts.verdict import Check, not_checked


class FarSignature:
    """A signature file in the bucket of its model."""

    def __init__(self, bucket: Bucket, entry: Entry, inside: str) -> None:
        self.name = entry.path.rpartition("/")[2]
        self.inside = inside
        self._bucket, self._entry = bucket, entry
        self._source: Source | None = None

    def __str__(self) -> str:
        """Give its address."""
        return self._entry.id

    def may_be_bundle(self) -> bool:
        """Whether it begins as a signature file does; what cannot be read may be one."""
        try:
            return may_be_bundle(self.read(HEAD_BYTES))
        except UnreadError:
            return True

    def read(self, at_most: int) -> bytes:
        """Give its first bytes; ``UnreadError`` when the store does not."""
        try:
            if self._source is None:
                self._source = self._bucket.open(self._entry)
            return self._source.read_at(0, at_most)
        except ArtifactError as error:
            raise _not_read(self.name, error) from None


class FarModel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A folder or one object. ``entries`` are its files, by their path in it.

    ``prefix`` is what all their names begin with, the one name when it is not a folder; ``beside``
    are objects next to it, None where that listing was refused. ``hidden`` says why not all of
    the model was listed, "" when it was.
    """

    bucket: Bucket
    prefix: str
    entries: Mapping[str, Entry]
    beside: Sequence[Entry] | None = ()
    is_folder: bool = True
    hidden: str = ""

    @property
    def address(self) -> str:
        """Its URI, without a last slash."""
        return f"{self.bucket.root}/{self.prefix}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.address.rpartition("/")[2]

    def has(self, path: str) -> bool:
        """Say whether an object of this name was listed."""
        return self.is_folder and path in self.entries

    def discover(self) -> Sequence[FarSignature]:
        """Find its signature files, sorted by name."""
        if self.hidden:
            raise UnreadError(self.hidden, location=self.address)
        names = {self.name + ending for ending in ENDINGS}
        if not self.is_folder:
            names.add("model.sig")
        far_signatures = [
            FarSignature(self.bucket, entry, path)
            for path, entry in self.entries.items()
            if self.is_folder and "/" not in path and path.endswith(ENDINGS)
        ]
        far_signatures += [
            FarSignature(self.bucket, entry, "")
            for entry in self.beside or ()
            if entry.path.rpartition("/")[2] in names
        ]
        far_signatures = sorted((item for item in far_signatures if item.may_be_bundle()), key=str)
        if not far_signatures and self.beside is None:
            raise UnreadError("what lies beside the model was not listed", location=self.address)
        return far_signatures

    @contextmanager
    def opened(self) -> Iterator[ModelFiles]:
        """Nothing is held open; every range asks for the version that was listed."""
        yield FarFiles(self)


class FarFiles:
    """The objects of a model."""

    def __init__(self, model: FarModel) -> None:
        self._model = model
        self.single = "" if model.is_folder else model.name

    def listing(self, max_entries: int, *, is_quick: bool = False) -> Listing:
        """Give what was listed."""
        del is_quick  # the sizes stand in the listing
        model = self._model
        if model.hidden:
            raise UnreadError(model.hidden, location=model.address)
        if len(model.entries) > max_entries:
            raise OverLimitError(f"the model holds more than {max_entries} names")
        model_entries = (
            ModelEntry(path, Kind.FILE, FileState.of_size(entry.size_bytes))
            for path, entry in sorted(model.entries.items())
        )
        return Listing(entries=tuple(model_entries), folders=())

    def hashed(
        self, files: Mapping[str, FileState], plan: HashPlan, progress: Progress | None
    ) -> dict[str, HashedFile]:
        """Hash by the store's own digests, and by ranges where it has none."""
        entries = {path: self._model.entries[path] for path in files}
        return hash_objects(self._model.bucket, entries, plan, progress)

    def read(self, path: str, at_most: int) -> bytes:
        """Give the first bytes of an object."""
        entry = self._model.entries.get(path)
        if entry is None:
            raise SigningError("there is no such object", location=path)
        try:
            return self._model.bucket.open(entry).read_at(0, at_most)
        except ArtifactError as error:
            raise _not_read(path, error) from None

    def changes(self, listing: Listing) -> list[Check]:
        """List again: objects that came, went or were replaced meanwhile."""
        del listing  # it has no versions
        model = self._model
        try:
            again = model.bucket.at(model.prefix).listing()
        except MlsecError as error:
            return [_not_still("the bucket could not be listed again", str(error))]
        if not again.is_complete:
            return [_not_still("the bucket could not be listed again", again.skipped[-1].why)]
        now = {(entry.key, entry.version, entry.size_bytes) for entry in again.entries}
        then = {(item.key, item.version, item.size_bytes) for item in model.entries.values()}
        if not model.is_folder:
            now = {item for item in now if item[0] == model.prefix}
        other = sorted(key for key, _, _ in now ^ then)
        if not other:
            return []
        return [_not_still("an object came, went or was replaced while it was read", other[0])]


def _not_still(what: str, actual: str) -> Check:
    fix = "verify again when nobody writes to it"
    return not_checked("files/kept-still", what, actual=actual, fix=fix)


def _not_read(path: str, error: ArtifactError) -> UnreadError:
    result = unread(path, error)
    return UnreadError(f"{result.problem}: {result.detail}", hint=result.fix, location=path)
