"""A store of objects: put once under a name of their own, read back whole and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.fleet.store.sealing import Sealing

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
_BLOCK = 1 << 20


class Objects(Protocol):
    """The bytes of a store; names were checked."""

    def write(self, name: str, file: Path) -> None:
        """Put a file's content under a name, whole or not at all."""

    def read(self, name: str, file: Path) -> None:
        """Write the content of a name into a file."""

    def names(self, prefix: str) -> Iterator[str]:
        """Give the names that begin so, in order."""

    def delete(self, name: str) -> None:
        """Take an object away; one that is not there is no error."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put: its name, and the SHA-256 of the bytes that lie there."""

    name: str
    digest: str
    size_bytes: int


class Store:
    """Objects, encrypted where recipients are named; what is read is what was put."""

    def __init__(self, objects: Objects, sealing: Sealing, place: str) -> None:
        self._objects, self._sealing, self._place = objects, sealing, place

    def put(self, name: str, file: Path) -> Stored:
        """Keep a file's content.

        Raises:
            MlsecError: it cannot be written.
        """
        with TemporaryDirectory(prefix="mlsec-") as scratch:
            sealed = self._sealing.seal(file, Path(scratch) / "sealed")
            named = _checked(f"{name}{self._sealing.suffix}")
            self._objects.write(named, sealed)
            return Stored(name=named, digest=digest_of(sealed), size_bytes=sealed.stat().st_size)

    @contextmanager
    def get(self, name: str, digest: str) -> Iterator[Path]:
        """Give the content of an object as a file, which is deleted afterwards.

        Raises:
            MlsecError: it is not there, not what was put, or encrypted for somebody else.
        """
        with TemporaryDirectory(prefix="mlsec-") as scratch:
            file = Path(scratch) / "object"
            self._objects.read(_checked(name), file)
            if digest_of(file) != digest:
                raise MlsecError(
                    "is not what was put there: its digest is another",
                    location=f"{self._place}/{name}",
                )
            yield self._sealing.open(file, Path(scratch) / "opened")

    def list(self, prefix: str = "") -> Iterator[str]:
        """Give the names that begin so, in order."""
        return self._objects.names(prefix)

    def delete(self, name: str) -> None:
        """Take an object away."""
        self._objects.delete(_checked(name))


def digest_of(file: Path) -> str:
    """Give the SHA-256 of a file, block by block."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _checked(name: str) -> str:
    if not _NAME.match(name) or ".." in name:
        raise MlsecError(f'"{visible(name, 100)}" is no name of an object')
    return name
