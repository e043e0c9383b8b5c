"""A model on disk: a folder or one file, read through descriptors that follow no link."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_regular
from mlsec.signing.errors import ChangedError, SigningError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_files import changed_since, hash_files
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress
from mlsec.signing.files.listing import FileState, Listing
from mlsec.signing.models.discovery import discover, path_inside
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.verdicts.verdict import Check, failed


class LocalSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature file on disk, also that of a model that lies elsewhere."""

    file: Path
    inside: str = ""

    @property
    def name(self) -> str:
        return self.file.name

    def __str__(self) -> str:
        return str(self.file)

    def read(self, at_most: int) -> bytes:
        try:
            check_regular(self.file)
            with self.file.open("rb") as opened:
                return opened.read(at_most)
        except OSError as error:
            reason = error.strerror or str(error)
            raise MlsecError(f"cannot be read: {reason}", location=str(self.file)) from None


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model at a path; for its methods see ``Model``."""

    target: Path

    @property
    def address(self) -> str:
        return str(self.target)

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def is_folder(self) -> bool:
        return self.target.is_dir()

    def has(self, path: str) -> bool:
        try:
            return (self.target / path).is_file()
        except OSError:  # the folder is closed, which opening it will report
            return False

    def discover(self) -> Sequence[LocalSignature]:
        return self.signatures(discover(self.target))

    def signatures(self, files: Sequence[Path]) -> tuple[LocalSignature, ...]:
        """Take files as signatures of this model."""
        top = self.target.resolve()
        return tuple(LocalSignature(file=file, inside=path_inside(file, top)) for file in files)

    @contextmanager
    def opened(self) -> Iterator[ModelFiles]:
        with ModelFolder(self.target) as folder:
            yield LocalFiles(folder)


def local_model(target: Path) -> LocalModel:
    """Return the model at a path.

    Raises:
        MlsecError: nothing is there.
    """
    if not target.exists():
        raise MlsecError("no such file or folder", location=str(target))
    return LocalModel(target=target)


class LocalFiles:
    """The files below an open folder; for its methods see ``ModelFiles``."""

    def __init__(self, folder: ModelFolder) -> None:
        self._folder = folder
        self._hashed: list[HashedFile] = []
        self.single = folder.single

    def listing(self, max_entries: int, *, is_quick: bool = False) -> Listing:
        return self._folder.listing(max_entries, is_quick=is_quick)

    def hashed(
        self, files: Mapping[str, FileState], plan: HashPlan, progress: Progress | None
    ) -> dict[str, HashedFile]:
        """Hash on every core, each file compared with its state before and after."""
        hashed = hash_files(self._folder, dict(files), plan, progress)
        self._hashed += hashed.values()
        return hashed

    def read(self, path: str, at_most: int) -> bytes:
        try:
            with os.fdopen(self._folder.open_file(path), "rb") as file:
                return file.read(at_most)
        except (OSError, ChangedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SigningError(f"cannot be read: {reason}", location=path) from None

    def changes(self, listing: Listing) -> list[Check]:
        """Look again at every folder, and at every file that was hashed."""
        return [
            _changed(path, is_folder=is_folder)
            for path, is_folder in changed_since(self._folder, listing, self._hashed)
        ]


def _changed(path: str, *, is_folder: bool) -> Check:
    return failed(
        "files/kept-still",
        f"a {'folder' if is_folder else 'file'} changed while the model was read",
        file=path or ".",
        fix="verify a copy that nobody writes to",
    )
