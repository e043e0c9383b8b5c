"""The central directory of a zip: every end record, every entry, and where they disagree."""

# Why not zipfile: it follows one of several end records and takes the directory's word. Loaders
# differ in which headers they believe, so every record is read and where two disagree is a
# finding.

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError

END, END_64, LOCATOR_64, ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
END_BYTES, LOCATOR_BYTES, RECORD_BYTES, ENTRY_BYTES = 22, 20, 56, 46
# A comment has at most 65,535 bytes, so the end record lies in this tail.
TAIL_BYTES = END_BYTES + 0xFFFF
# Files that do not begin like a zip are searched for one only this far: the end record of a
# hidden one further off still shows, as bytes that are not accounted for.
SHORT_TAIL_BYTES = 16 << 10
ENDS = 8
DIRECTORY_BYTES = 32 << 20
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF

_end = struct.Struct("<4sHHHHIIH")
_record_64 = struct.Struct("<4sQHHIIQQQQ")
_entry = struct.Struct("<4sHHHHHHIIIHHHHHII")


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the directory says of one member; ``offset`` is as written, before any shift."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    mode: int


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """One directory that an end record leads to.

    Bytes [start, end) are the directory with its end records; the comment follows at ``end``.
    ``shift`` is what has to be added to each offset where the archive was put behind other bytes.
    ``doubts`` say where the directory and its end record differ.
    """

    entries: Sequence[Entry]
    start: int
    end: int
    comment_bytes: int
    shift: int
    doubts: Sequence[str]


def directories(window: Window, tail_bytes: int = TAIL_BYTES) -> list[Directory]:
    """Every directory that some end record leads to, the last one first."""
    result: dict[int, Directory] = {}
    for at, tail in _ends(window, tail_bytes):
        for directory in _behind(window, at, tail):
            result.setdefault(directory.start, directory)
        if len(result) >= ENDS:
            break
    return list(result.values())


def _ends(window: Window, tail_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Each end record from the last one back, with the bytes from it to the end of the file."""
    begin = max(0, window.size_bytes - tail_bytes)
    tail = window.read(begin, tail_bytes)
    at = tail.rfind(END)
    for _ in range(4 * ENDS):
        if at < 0:
            return
        if len(tail) - at >= END_BYTES:
            yield begin + at, tail[at:]
        at = tail.rfind(END, 0, at)


def _behind(window: Window, at: int, tail: bytes) -> Iterator[Directory]:
    """The directories one end record can be taken to lead to: mostly one, in forgeries two."""
    _, _, _, _, count, size_bytes, offset, comment_bytes = _end.unpack_from(tail)
    doubts, before = [], at
    if wide := _wide_end(window, at):
        before, (count_64, size_64, offset_64) = wide
        pairs = ((count, count_64, FULL_16), (size_bytes, size_64, FULL_32))
        if any(narrow not in (wide_value, full) for narrow, wide_value, full in pairs) or (
            offset not in (offset_64, FULL_32)
        ):
            doubts.append("the two end records name different directories")
        count, size_bytes, offset = count_64, size_64, offset_64
    starts = dict.fromkeys(start for start in (before - size_bytes, offset) if start >= 0)
    if count == 0 and size_bytes == 0:
        starts = dict.fromkeys([before])
    for start in starts:
        if start > before or (count and window.read(start, 4) != ENTRY):
            continue
        entries, stop, problems = _entries(window, start, before)
        if len(entries) != count:
            problems.append(f"the end record counts {count} members, the directory {len(entries)}")
        if stop != before:
            problems.append(f"{before - stop} bytes lie between the directory and its end")
        yield Directory(
            entries=entries,
            start=start,
            end=at + END_BYTES,
            comment_bytes=min(comment_bytes, window.size_bytes - at - END_BYTES),
            shift=start - offset,
            doubts=tuple(doubts + problems),
        )


def _wide_end(window: Window, at: int) -> tuple[int, tuple[int, int, int]] | None:
    """Where the zip64 end record begins, and its count, size and offset; None without one."""
    locator = window.read(at - LOCATOR_BYTES, LOCATOR_BYTES)
    if locator[:4] != LOCATOR_64:
        return None
    named = int.from_bytes(locator[8:16], "little")
    for start in dict.fromkeys((at - LOCATOR_BYTES - RECORD_BYTES, named)):
        record = window.read(start, RECORD_BYTES)
        if len(record) == RECORD_BYTES and record[:4] == END_64:
            _, _, _, _, _, _, _, count, size_bytes, offset = _record_64.unpack(record)
            return start, (count, size_bytes, offset)
    return None


def _entries(window: Window, start: int, before: int) -> tuple[list[Entry], int, list[str]]:
    """All entries from ``start`` on, where they end, and what is wrong with them."""
    if before - start > DIRECTORY_BYTES:
        raise OverLimitError(f"the directory of the zip is larger than {DIRECTORY_BYTES} bytes")
    data = window.read(start, before - start)
    entries, at, problems = list[Entry](), 0, list[str]()
    while data[at : at + 4] == ENTRY:
        if at + ENTRY_BYTES > len(data):
            return entries, start + at, [*problems, "the directory ends inside an entry"]
        (
            _, _, _, flags, method, _, _, crc, packed_bytes, size_bytes,
            name_bytes, extra_bytes, comment_bytes, _, _, attributes, offset,
        ) = _entry.unpack_from(data, at)  # fmt: skip
        name_end = at + ENTRY_BYTES + name_bytes
        if FULL_32 in (packed_bytes, size_bytes, offset):
            extra = data[name_end : name_end + extra_bytes]
            try:
                size_bytes, packed_bytes, offset = wide_values(
                    extra, (size_bytes, packed_bytes, offset)
                )
            except ArtifactError as error:
                problems.append(error.message)
        entries.append(
            Entry(
                name=data[at + ENTRY_BYTES : name_end],
                flags=flags,
                method=method,
                crc=crc,
                packed_bytes=packed_bytes,
                size_bytes=size_bytes,
                offset=offset,
                mode=attributes >> 16,
            )
        )
        at = name_end + extra_bytes + comment_bytes
    return entries, start + min(at, len(data)), problems


def wide_values(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and offset with those that are full replaced from the zip64 extra field.

    Raises:
        ArtifactError: a value is full and the field does not hold it.
    """
    for kind, _, body in extra_fields(extra):
        if kind != 1:
            continue
        result, at = list(values), 0
        for place, value in enumerate(values):
            if value == FULL_32:
                if at + 8 > len(body):
                    raise ArtifactError("a zip64 size is announced and missing")
                result[place] = int.from_bytes(body[at : at + 8], "little")
                at += 8
        return result[0], result[1], result[2]
    return values


def extra_fields(extra: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each extra field: its kind, where it begins, its bytes."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, at, extra[at + 4 : at + 4 + length]
        at += 4 + length
