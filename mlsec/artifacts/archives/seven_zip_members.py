"""What py7zr unpacks, kept in memory once: its own writer would copy each member."""

from __future__ import annotations

import io
from collections.abc import Iterator

from py7zr.io import Py7zIO, WriterFactory

from mlsec.artifacts.errors import OverLimitError


class _Member(Py7zIO):
    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._data = io.BytesIO()
        # What packs very well comes in one piece, which need not be copied.
        self._whole = b""

    def write(self, data: bytes | bytearray) -> int:
        self._kept.left -= len(data)
        if self._kept.left < 0:
            raise OverLimitError("inflates to more than the 7z archive announces")
        if not (self._whole or self._data.tell()):
            self._whole = bytes(data)
        else:
            self._spill()
            self._data.write(data)
        return len(data)

    def _spill(self) -> None:
        if self._whole:
            self._data.write(self._whole)
            self._whole = b""

    def read(self, size: int | None = None) -> bytes:
        self._spill()
        return self._data.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._spill()
        return self._data.seek(offset, whence)

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._data.getbuffer().nbytes + len(self._whole)

    def taken(self) -> bytes:
        """All of it; not copied, as nothing is written to it any more."""
        return self._whole or self._data.getvalue()


class Kept(WriterFactory):
    """Takes the members of one batch, ``left`` bytes at most."""

    def __init__(self, left: int) -> None:
        self.left = left
        self._members: list[tuple[str, _Member]] = []

    def create(self, filename: str) -> Py7zIO:
        """Where py7zr writes the member of this name."""
        member = _Member(self)
        self._members.append((filename, member))
        return member

    def taken(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each member in turn; none is kept for longer than it is used."""
        self._members.reverse()
        while self._members:
            name, member = self._members.pop()
            yield name, member.taken()
