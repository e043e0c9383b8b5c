"""An archive as a table of members: the common interface of zip and tar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import Format
from mlsec.artifacts.recorder import Recorder


class Member(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One member: its name as text, its size unpacked and packed, and how to get at its bytes.

    ``open`` gives the bytes for the length of a ``with`` block; ``head`` are the first few of a
    stored member, read along with its header ("" where it is compressed). ``start`` is where its
    data lie in the archive.
    """

    name: str
    start: int
    size_bytes: int
    packed_bytes: int
    is_stored: bool
    head: bytes
    open: Callable[[], AbstractContextManager[Window]]


class Archive:
    """The members of one archive, in the order in which they lie in the file."""

    __slots__ = ("_by_name", "_claimed", "_done", "members")

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self._by_name = {member.name: member for member in members}
        self._claimed: set[int] = set()
        self._done: set[int] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def names(self) -> Sequence[str]:
        """All names, those that come twice twice."""
        return [member.name for member in self.members]

    def find(self, name: str) -> Member:
        """The member of a name; of several the last, which is what most who unpack end up with.

        Raises:
            ArtifactError: there is no such member.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise ArtifactError(f"the archive has no member {name!r}") from None

    def claim(self, member: Member) -> None:
        """Say that a member is accounted for without being read as a file of its own."""
        self._claimed.add(id(member))

    def done(self, member: Member) -> None:
        """Say that a reader has given this member to ``Recorder.member`` itself."""
        self._done.add(id(member))

    def claimed(self) -> int:
        """How many members were claimed."""
        return len(self._claimed)

    def left(self) -> Sequence[Member]:
        """The members that are still to be read as files of their own."""
        settled = self._claimed | self._done
        return [member for member in self.members if id(member) not in settled]

    def content(self, name: str, limit_bytes: int) -> bytes:
        """All bytes of a small member.

        Raises:
            ArtifactError: no such member, or broken.
            OverLimitError: larger than ``limit_bytes``.
        """
        with self.find(name).open() as window:
            if window.size_bytes > limit_bytes:
                raise OverLimitError(f"{name} holds more than {limit_bytes} bytes")
            return window.read(0, window.size_bytes)


Recognise = Callable[[Archive], bool]
ReadArchive = Callable[[Archive, Recorder], None]


class ArchiveReader(msgspec.Struct, frozen=True, kw_only=True):
    """A format that is an archive with certain members.

    ``read`` looks at what the format says of its members as a whole, and may ``claim`` those that
    it accounts for; each other member is read as a file of its own afterwards, so a reader need
    not pass members on. It raises ArtifactError as other readers do.
    """

    format: Format
    recognise: Recognise
    read: ReadArchive
