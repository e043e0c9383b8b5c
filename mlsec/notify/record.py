"""Where a ledger stands: a file to which lines are only added, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_file

SUFFIX = ".notified"
_MOST_BYTES = 512 * 1024 * 1024


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``since`` begins a receiver; ``sending`` and ``sent`` are about findings, by their keys."""

    receiver: str
    since: str = ""
    sending: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()


class Record(Protocol):
    """Entries in the order in which they were added; each is there for good once it was added."""

    def open(self) -> Iterable[Entry]:
        """Hold it, and give what it has."""

    def add(self, entry: Entry) -> None:
        """Add one."""

    def close(self) -> None:
        """Let it go; it need not be open."""


class FileRecord:
    """The file ``HISTORY.notified``, a line of JSON for each entry."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def open(self) -> Iterator[Entry]:
        """Hold the file, and give what it has.

        Raises:
            MlsecError: it is damaged, or cannot be written.
        """
        refuse_foreign_file(self._path)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                file.seek(0)
                whole = file.read(_MOST_BYTES + 1)
            if len(whole) > _MOST_BYTES:
                raise self._damaged("it is too large")
            # A line that a crash cut off has no end; what it said did not happen.
            end = whole.rfind(b"\n") + 1
            if end != len(whole):
                os.ftruncate(self._descriptor, end)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        decode = msgspec.json.Decoder(Entry).decode
        try:
            for text in whole[:end].splitlines():
                yield decode(text)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise self._damaged(str(error)) from None

    def add(self, entry: Entry) -> None:
        """Add a line.

        Raises:
            MlsecError: there is no room left, or the disk is failing.
        """
        payload = msgspec.json.encode(entry) + b"\n"
        try:
            is_whole = os.write(self._descriptor, payload) == len(payload)
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        if not is_whole:
            raise self._unusable("there is no room left")

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _unusable(self, reason: str) -> MlsecError:
        return MlsecError(
            f"the record of what was sent cannot be written: {reason}",
            hint="it lies beside the history, and both must be writable",
            location=str(self._path),
        )

    def _damaged(self, reason: str) -> MlsecError:
        return MlsecError(
            f"the record of what was sent is damaged: {reason}",
            hint="restore it from a copy, or delete it: receivers then begin anew",
            location=str(self._path),
        )
