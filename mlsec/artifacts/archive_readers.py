"""The table of formats that are archives with certain members, and how members are read."""

from __future__ import annotations

from mlsec.artifacts.archive import Archive, ArchiveReader
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder

# Every one that recognises the archive reads it, then the members that none claimed are read.
ARCHIVE_READERS: tuple[ArchiveReader, ...] = ()


def read_members(archive: Archive, record: Recorder) -> None:
    """Read an archive with every reader that knows its kind, then its other members one by one."""
    for reader in ARCHIVE_READERS:
        if not reader.recognise(archive):
            continue
        record.format(reader.format)
        try:
            reader.read(archive, record)
        except OverLimitError as error:
            record.unread(error.reason, error.message)
        except ArtifactError as error:
            record.fact(FactKind.BROKEN, reader.format.value, error.message)
            record.hole(error.reason, error.message)
    record.listed(len(archive.claimed))
    for number, member in enumerate(archive.members):
        if archive.is_claimed(member):
            continue
        if record.budget.members <= 0:
            _give_up(archive, number, record)
            return
        try:
            with member.open() as window:
                record.member(member.name, window)
        except ArtifactError as error:
            record.inner(member.name).unread(error.reason, error.message)


def _give_up(archive: Archive, number: int, record: Recorder) -> None:
    left = len(archive.members) - number
    detail = f"has more than {record.limits.members} members; {left} were not read"
    record.ledger.members += left
    record.fact(FactKind.BOMB, "members", detail)
    record.unread(OverLimitError.reason, detail)
