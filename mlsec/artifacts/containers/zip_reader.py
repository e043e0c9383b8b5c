"""Reads a zip twice, by its directory and by its local headers, and says where they differ."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from mlsec.artifacts.archives.archive import Archive, Member
from mlsec.artifacts.archives.member_names import decode_name, judge_link, judge_mode, judge_name
from mlsec.artifacts.archives.tar_headers import BLOCK, is_header
from mlsec.artifacts.archives.zip_directory import SHORT_TAIL_BYTES, Directory, Entry, directories
from mlsec.artifacts.archives.zip_local import (
    DESCRIPTOR,
    HAS_DESCRIPTOR,
    LOCAL,
    Header,
    descriptor_bytes,
    differences,
    overlaps,
    read_header,
    wanted,
)
from mlsec.artifacts.archives.zip_members import STORED, Reading, opened, packed_length
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.containers.archive_layouts import note_program_of_archive
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

BEGINNINGS = (LOCAL, b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")
TARGET_BYTES = 4096


def sniff_zip(head: bytes, window: Window) -> bool:
    """Whether the file begins or ends like a zip.

    A tar accounts for each of its bytes: a zip at its end is a member, or shows as a gap.
    """
    if head.startswith(BEGINNINGS):
        return True
    return not is_header(head[:BLOCK]) and bool(directories(window, SHORT_TAIL_BYTES))


def read_zip(window: Window, record: Recorder) -> None:
    """Read every member by every directory, or by the local headers if there is none.

    Raises:
        ArtifactError: it begins like a zip and holds no member.
    """
    result = directories(window)
    if not result:
        record.fact(FactKind.BROKEN, "zip", "has no directory; its members were read without it")
        record.gap(GapReason.MALFORMED, "has no directory")
        _read(window, list(_walk(window, record)), record)
        return
    for number, directory in enumerate(result):
        if number and record.spans.covers(directory.start, directory.end):
            continue  # a zip that is itself a stored member of this one
        if number:
            detail = "another end record leads to another directory"
            record.fact(FactKind.TWO_READINGS, "zip", detail, offset=directory.start)
        _read_directory(window, directory, record)


def _read_directory(window: Window, directory: Directory, record: Recorder) -> None:
    for doubt in directory.doubts:
        record.fact(FactKind.TWO_READINGS, "directory", doubt, offset=directory.start)
    record.understood(directory.start, directory.end)
    entries = directory.entries[: record.limits.members + 1]
    left = len(directory.entries) - len(entries)
    window.prefetch([wanted(entry.offset + directory.shift, entry) for entry in entries])
    readings = list(_readings(window, directory, entries, record))
    _judge_layout(readings, record)
    if left:
        detail = f"lists {len(directory.entries)} members; {left} were not read"
        record.fact(FactKind.BOMB, "members", detail)
        record.unread(GapReason.OVER_LIMIT, detail)
        record.ledger.members += left
    if directory.comment_bytes:
        record.understood(directory.end, directory.end + directory.comment_bytes)
        record.member("(comment)", window.part(directory.end, directory.comment_bytes))
    _read(window, readings, record)


def _readings(
    window: Window, directory: Directory, entries: Sequence[Entry], record: Recorder
) -> Iterator[Reading]:
    for entry in entries:
        name = decode_name(entry.name)
        headers = list(_headers(window, entry, directory.shift))
        if not headers:
            record.fact(FactKind.BROKEN, name, "is listed and has no local header")
            record.gap(GapReason.MALFORMED, f"{name} is listed and has no local header")
        if len(headers) > 1:
            detail = "can be found at two places, with and without what lies before the archive"
            record.fact(FactKind.TWO_READINGS, name, detail, offset=headers[1].start)
        for header in headers:
            yield from _ways(window, entry, header, record)


def _headers(window: Window, entry: Entry, shift: int) -> Iterator[Header]:
    for offset in dict.fromkeys((entry.offset + shift, entry.offset)):
        if 0 <= offset < window.size_bytes:
            try:
                yield read_header(window, offset, len(entry.name))
            except ArtifactError:
                continue


def _ways(window: Window, entry: Entry, header: Header, record: Recorder) -> Iterator[Reading]:
    """The member as the directory has it and, where that differs, as its local header has it."""
    name = decode_name(entry.name)
    if different := list(differences(entry, header)):
        detail = f"the local header says otherwise: {', '.join(different)}"
        record.fact(FactKind.TWO_READINGS, name, detail, offset=header.start)
    has_descriptor = bool(header.flags & HAS_DESCRIPTOR)
    other_bytes = entry.packed_bytes if has_descriptor else header.packed_bytes
    ways = ((entry.method, entry.packed_bytes), (header.method, other_bytes))
    for method, packed_bytes in dict.fromkeys(ways):
        end = header.data + packed_bytes
        if end > window.size_bytes:
            record.fact(FactKind.BROKEN, name, "reaches beyond the end of the file")
            packed_bytes, end = window.size_bytes - header.data, window.size_bytes  # noqa: PLW2901
        if (entry.flags | header.flags) & HAS_DESCRIPTOR:
            length, doubt = descriptor_bytes(window, end, entry)
            end += length
            if doubt:
                record.fact(FactKind.TWO_READINGS, name, doubt, offset=end)
        _account_for(header, end, record)
        yield Reading(entry=entry, header=header, method=method, packed_bytes=packed_bytes)


def _account_for(header: Header, end: int, record: Recorder) -> None:
    hidden, length = header.hidden
    if length:
        record.understood(header.start, hidden)
        record.understood(hidden + length, end)
    else:
        record.understood(header.start, end)


def _judge_layout(readings: list[Reading], record: Recorder) -> None:
    """Note members that come twice, and members that share their bytes."""
    places = {(reading.entry.name, reading.header.start) for reading in readings}
    names = Counter(name for name, _ in places)
    for name in sorted(name for name, count in names.items() if count > 1):
        detail = f"comes {names[name]} times: which one counts depends on who reads"
        record.fact(FactKind.DUPLICATE_MEMBER, decode_name(name), detail)
    ranges = {
        (reading.entry.name, reading.header.start, reading.header.data + reading.packed_bytes)
        for reading in readings
        if reading.packed_bytes
    }
    starts = {name: (start, end) for name, start, end in ranges}
    shared = overlaps(sorted(starts.values()))
    if shared:
        record.fact(FactKind.BOMB, "members", f"{shared} members share bytes with others")


def _read(window: Window, readings: list[Reading], record: Recorder) -> None:
    members, seen = list[Member](), set[tuple[int, int, int]]()
    for reading in sorted(readings, key=lambda reading: reading.header.data):
        name, entry = decode_name(reading.entry.name), reading.entry
        key = (reading.header.data, reading.packed_bytes, reading.method)
        judge_name(name, record, reading.header.start)
        if reading.header.name != entry.name:
            judge_name(decode_name(reading.header.name), record, reading.header.start)
        if judge_mode(name, entry.mode, record, reading.header.start) or key in seen:
            record.listed(1)
            continue
        seen.add(key)
        if stat.S_ISLNK(entry.mode):
            _link(window, reading, name, record)
        elif name.endswith("/") and not reading.packed_bytes:
            record.listed(1)
        else:
            members.append(_member(window, reading, name, record))
    from mlsec.artifacts.containers.archive_readers import read_members  # noqa: PLC0415 - only for an archive

    archive = Archive(members)
    note_program_of_archive(archive, record)
    read_members(archive, record)


def _member(window: Window, reading: Reading, name: str, record: Recorder) -> Member:
    is_stored = reading.method == STORED and not reading.is_locked
    return Member(
        name=name,
        start=reading.header.data,
        size_bytes=reading.entry.size_bytes,
        packed_bytes=reading.packed_bytes,
        is_stored=is_stored,
        head=reading.header.head[: reading.packed_bytes] if is_stored else b"",
        open=partial(opened, window, reading, name, record),
    )


def _link(window: Window, reading: Reading, name: str, record: Recorder) -> None:
    with opened(window, reading, name, record) as target:
        text = decode_name(target.read(0, TARGET_BYTES))
    judge_link(name, text, record, reading.header.start)
    record.listed(1)


def _walk(window: Window, record: Recorder) -> Iterator[Reading]:
    """The members in the order of their local headers, for an archive without a directory."""
    at = 0
    for _ in range(record.limits.members):
        try:
            header = read_header(window, at)
        except ArtifactError:
            return
        packed_bytes = header.packed_bytes
        if header.flags & HAS_DESCRIPTOR and not packed_bytes:
            packed_bytes = packed_length(window, header, record)
        packed_bytes = min(packed_bytes, window.size_bytes - header.data)
        entry = Entry(
            name=header.name,
            flags=header.flags,
            method=header.method,
            crc=header.crc,
            packed_bytes=packed_bytes,
            size_bytes=header.size_bytes or packed_bytes,
            offset=at,
            mode=0,
        )
        at = header.data + packed_bytes
        if header.flags & HAS_DESCRIPTOR and window.read(at, 4) == DESCRIPTOR:
            at += descriptor_bytes(window, at, entry)[0]
        record.understood(header.start, at)
        yield Reading(entry=entry, header=header, method=header.method, packed_bytes=packed_bytes)
