"""The local headers of a zip, and where they differ from the directory."""

# Why not zipfile: it finds members by the directory alone; a loader that reads forward sees those
# that the directory leaves out.

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import msgspec

from mlsec.artifacts.archives.member_names import decode_name
from mlsec.artifacts.archives.zip_directory import FULL_32, Entry, extra_fields, wide_values
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError

LOCAL, DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
HEADER_BYTES = 30
# The descriptor of the member before, and most extra fields and first bytes of the data after.
BEFORE_BYTES, AFTER_BYTES = 24, 128
HEAD_BYTES = 16
ENCRYPTED, HAS_DESCRIPTOR, STRONG, MASKED = 0x1, 0x8, 0x40, 0x2000
# zip64, NTFS times, Unix times, Unix owners, alignment (Android), padding (torch), jar.
KNOWN_EXTRA = frozenset({0x0001, 0x000A, 0x5455, 0x5855, 0x7855, 0x7875, 0xD935, 0x4246, 0xCAFE})
UNICODE_PATH = 0x7075
SMALL_EXTRA_BYTES = 64

_local = struct.Struct("<4sHHHHHIIIHH")


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A local header: bytes [start, data) of the archive; ``head`` are the data's first bytes.

    ``hidden`` is the (offset, size) of an extra field that nothing knows, or (0, 0).
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    start: int
    data: int
    head: bytes = b""
    other_name: bytes = b""
    hidden: tuple[int, int] = (0, 0)


def wanted(offset: int, entry: Entry) -> tuple[int, int]:
    """The (offset, length) that reading the header of an entry will fetch."""
    before = min(offset, BEFORE_BYTES)
    return offset - before, before + HEADER_BYTES + len(entry.name) + AFTER_BYTES


def read_header(window: Window, offset: int, name_bytes: int = 32) -> Header:
    """The local header at ``offset``.

    Raises:
        ArtifactError: it is missing or cut off.
    """
    data = window.read(offset, HEADER_BYTES + name_bytes + AFTER_BYTES)
    if len(data) < HEADER_BYTES or data[:4] != LOCAL:
        raise ArtifactError(f"no local header at {offset}")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _local.unpack_from(
        data
    )
    body = HEADER_BYTES + name_length + extra_length
    if len(data) < body:
        data = window.exactly(offset, body)
    name_end = HEADER_BYTES + name_length
    extra = data[name_end:body]
    if FULL_32 in (packed, size) and not flags & HAS_DESCRIPTOR:
        size, packed, _ = wide_values(extra, (size, packed, 0))
    other_name, hidden = _judge_extra(extra, offset + name_end)
    return Header(
        name=data[HEADER_BYTES:name_end],
        flags=flags,
        method=method,
        crc=crc,
        packed_bytes=packed,
        size_bytes=size,
        start=offset,
        data=offset + body,
        head=data[body : body + HEAD_BYTES],
        other_name=other_name,
        hidden=hidden,
    )


def _judge_extra(extra: bytes, start: int) -> tuple[bytes, tuple[int, int]]:
    """Another name that an extra field gives, and the place of a large unknown field."""
    other_name, hidden = b"", (0, 0)
    for kind, at, body in extra_fields(extra):
        if kind == UNICODE_PATH:
            other_name = body[5:]
        elif kind not in KNOWN_EXTRA and len(body) > SMALL_EXTRA_BYTES:
            hidden = (start + at, 4 + len(body))
    return other_name, hidden


def descriptor_bytes(window: Window, at: int, entry: Entry) -> tuple[int, str]:
    """How long the data descriptor at ``at`` is, and what it says otherwise than the entry."""
    data = window.read(at, BEFORE_BYTES)
    signed = 4 if data[:4] == DESCRIPTOR else 0
    for width, form in ((8, "<IQQ"), (4, "<III")):
        length = 4 + 2 * width
        if len(data) < signed + length:
            continue
        result = struct.unpack_from(form, data, signed)
        if result[1] == entry.packed_bytes and result[2] == entry.size_bytes:
            doubt = "" if result[0] == entry.crc else "another CRC-32 in the data descriptor"
            return signed + length, doubt
    if signed:
        return 16 if len(data) >= 16 else len(data), "other sizes in the data descriptor"
    return 0, ""


def differences(entry: Entry, header: Header) -> Iterator[str]:
    """What the local header says otherwise than the directory."""
    if entry.name != header.name:
        yield f"the name {decode_name(header.name)!r}"
    if header.other_name and header.other_name != entry.name:
        yield f"the name {decode_name(header.other_name)!r} in an extra field"
    if entry.method != header.method:
        yield f"method {header.method} for {entry.method}"
    if (entry.flags ^ header.flags) & (ENCRYPTED | STRONG | MASKED):
        yield f"flags {header.flags:#x} for {entry.flags:#x}"
    # With a descriptor the sizes come after the data, and the header may leave them at zero.
    pairs = (
        ("CRC-32", entry.crc, header.crc),
        ("packed size", entry.packed_bytes, header.packed_bytes),
        ("size", entry.size_bytes, header.size_bytes),
    )
    has_descriptor = bool(header.flags & HAS_DESCRIPTOR)
    for what, listed, local in pairs:
        if listed != local and not (has_descriptor and local in (0, FULL_32)):
            yield f"{what} {local} for {listed}"


def overlaps(spans: Sequence[tuple[int, int]]) -> int:
    """How many of these [start, end) ranges, sorted by start, begin before an earlier one ends."""
    count = reached = 0
    for start, end in spans:
        count += start < reached
        reached = max(reached, end)
    return count
