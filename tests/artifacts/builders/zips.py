"""Zip archives byte by byte, so that directory and local headers can tell different stories."""

from __future__ import annotations

import binascii
import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tests.artifacts.builders.payloads import (
    EVIL_PICKLE,
    EVIL_PICKLE_2,
    GOOD_PICKLE,
    SCRIPT,
    elf,
    mach_o,
    portable_executable,
)

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
SYMLINK, CHARACTER_DEVICE = 0o120777 << 16, 0o020666 << 16


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One member; the ``local_`` values differ from the directory's only when given.

    ``listed`` is False for a member that the directory leaves out; ``stored_as`` replaces the
    bytes that the method would give.
    """

    name: bytes
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    crc: int | None = None
    size_bytes: int | None = None
    attributes: int = 0
    extra: bytes = b""
    comment: bytes = b""
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_crc: int | None = None
    local_size_bytes: int | None = None
    listed: bool = True
    stored_as: bytes | None = None
    descriptor: bool = False

    def packed(self) -> bytes:
        if self.stored_as is not None:
            return self.stored_as
        return PACK.get(self.method, bytes)(self.data)

    def right_crc(self) -> int:
        return binascii.crc32(self.data) if self.crc is None else self.crc


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zip_lzma(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}]
    properties = lzma._encode_filter_properties(filters[0])  # type: ignore[attr-defined]
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters)
    body = packer.compress(data) + packer.flush()
    return struct.pack("<BBH", 9, 4, len(properties)) + properties + body


PACK: Mapping[int, Callable[[bytes], bytes]] = {
    STORED: bytes,
    DEFLATED: deflate,
    BZIP2: bz2.compress,
    LZMA: zip_lzma,
}


def or_else(value: int | None, other: int) -> int:
    return other if value is None else value


def local(entry: Entry) -> bytes:
    """A local header with its data, and the descriptor where flag bit 3 announces one."""
    packed = entry.packed()
    name = entry.name if entry.local_name is None else entry.local_name
    size_bytes = or_else(entry.size_bytes, len(entry.data))
    crc = or_else(entry.local_crc, entry.right_crc())
    flags = or_else(entry.local_flags, entry.flags | (8 if entry.descriptor else 0))
    sizes = (
        (0, 0, 0)
        if entry.descriptor
        else (crc, len(packed), or_else(entry.local_size_bytes, size_bytes))
    )
    head = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, flags, or_else(entry.local_method, entry.method),
        0, 33, *sizes, len(name), len(entry.extra),
    )  # fmt: skip
    tail = struct.pack("<IIII", 0x08074B50, crc, len(packed), size_bytes)
    return head + name + entry.extra + packed + (tail if entry.descriptor else b"")


def central(entry: Entry, offset: int) -> bytes:
    head = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 0x031E, 20,
        entry.flags | (8 if entry.descriptor else 0), entry.method, 0, 33, entry.right_crc(),
        len(entry.packed()), or_else(entry.size_bytes, len(entry.data)), len(entry.name), 0,
        len(entry.comment), 0, 0, entry.attributes, offset,
    )  # fmt: skip
    return head + entry.name + entry.comment


def end(count: int, size_bytes: int, offset: int, comment: bytes = b"") -> bytes:
    return struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, count, count, size_bytes, offset, len(comment)
    ) + comment  # fmt: skip


def archive(
    entries: Sequence[Entry],
    *,
    prefix: bytes = b"",
    between: bytes = b"",
    before_directory: bytes = b"",
    tail: bytes = b"",
    comment: bytes = b"",
    shift: int = 0,
) -> bytes:
    """A zip with bytes of choice in every gap; ``shift`` is taken off each offset written."""
    out, directory = bytearray(prefix), bytearray()
    for entry in entries:
        offset = len(out) - shift
        out += local(entry) + between
        if entry.listed:
            directory += central(entry, offset)
    out += before_directory
    start = len(out) - shift
    count = sum(entry.listed for entry in entries)
    return bytes(out + directory + end(count, len(directory), start, comment) + tail)


def torch_entries(pickle: bytes = GOOD_PICKLE, *, method: int = STORED) -> list[Entry]:
    """The members that ``torch.save`` writes."""
    return [
        Entry(name=b"archive/data.pkl", data=pickle, method=method),
        Entry(name=b"archive/byteorder", data=b"little"),
        Entry(name=b"archive/data/0", data=bytes(range(256)) * 16),
        Entry(name=b"archive/version", data=b"3\n"),
        Entry(name=b"archive/.data/serialization_id", data=b"1" * 40),
    ]


def one(**values: object) -> bytes:
    """A torch archive whose pickle entry is changed."""
    first = msgspec.structs.replace(torch_entries(EVIL_PICKLE)[0], **values)
    return archive([first, *torch_entries()[1:]])


def single(name: bytes, data: bytes, **values: object) -> bytes:
    """An archive of one member."""
    return archive([msgspec.structs.replace(Entry(name=name, data=data), **values)])


def overlapping(count: int) -> bytes:
    """``count`` directory entries that share the same deflated zeros."""
    zeros = bytes(1 << 20)
    kernel = Entry(
        name=b"0", method=DEFLATED, stored_as=deflate(zeros), size_bytes=len(zeros),
        crc=binascii.crc32(zeros),
    )  # fmt: skip
    body = local(kernel)
    directory = b"".join(
        central(msgspec.structs.replace(kernel, name=str(number).encode()), 0)
        for number in range(count)
    )
    return body + directory + end(count, len(directory), len(body))


def many(count: int) -> bytes:
    """``count`` empty members, with a zip64 end record when they are too many for the old one."""
    out, directory = bytearray(), bytearray()
    for number in range(count):
        entry = Entry(name=b"%d" % number)
        directory += central(entry, len(out))
        out += local(entry)
    record = struct.pack(
        "<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), len(out)
    )
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(out) + len(directory), 1)
    old = end(min(count, 0xFFFF), len(directory), len(out))
    return bytes(out + directory + record + locator + old)


def nested(levels: int, inside: bytes = GOOD_PICKLE) -> bytes:
    """Zips in zips, stored; the sums are left wrong so that deep ones can be built quickly."""
    fronts, size_bytes, backs = [], len(inside), []
    for _ in range(levels):
        entry = Entry(name=b"m.zip", stored_as=b"", crc=0, size_bytes=size_bytes)
        front = bytearray(local(entry))
        front[18:22] = struct.pack("<I", size_bytes)
        directory = bytearray(central(entry, 0))
        directory[20:24] = struct.pack("<I", size_bytes)
        fronts.append(bytes(front))
        backs.append(bytes(directory) + end(1, len(directory), len(front) + size_bytes))
        size_bytes += len(front) + len(backs[-1])
    return b"".join([*reversed(fronts), inside, *backs])


def forty_two(levels: int = 4, width: int = 16) -> bytes:
    """Zips in zips that each hold ``width`` of the next, zeros at the bottom."""
    inside = single(b"0.dll", bytes(1 << 24), method=DEFLATED)
    for _ in range(levels):
        inside = archive(
            [Entry(name=b"%d.zip" % n, data=inside, method=DEFLATED) for n in range(width)]
        )
    return inside


def huge(size_mib: int) -> bytes:
    """One member of zeros; its sum is left wrong, as summing would take longer than packing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * size_mib + packer.flush()
    return single(b"0", b"", method=DEFLATED, stored_as=packed, crc=0, size_bytes=size_mib << 20)


def two_directories() -> bytes:
    """Two end records: the last one lists an honest member, the one before a hostile one."""
    first = single(b"archive/data.pkl", EVIL_PICKLE)
    second = single(b"archive/data.pkl", GOOD_PICKLE)
    return archive([Entry(name=b"archive/data.pkl", data=GOOD_PICKLE)], comment=first) + second


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "zip/plain-payload": one,
    "zip/deflated-payload": lambda: one(method=DEFLATED),
    "zip/bzip2-payload": lambda: one(method=BZIP2),
    "zip/lzma-payload": lambda: one(method=LZMA),
    "zip/wrong-sum": lambda: one(crc=0x12345678),
    "zip/encrypted-flag": lambda: one(flags=1),
    "zip/encrypted-flag-locally": lambda: one(local_flags=1),
    "zip/unknown-method": lambda: one(method=99),
    "zip/unknown-method-locally": lambda: one(local_method=99),
    "zip/method-differs": lambda: one(method=STORED, local_method=DEFLATED,
                                      stored_as=deflate(EVIL_PICKLE), size_bytes=len(EVIL_PICKLE)),
    "zip/name-differs": lambda: one(local_name=b"archive/date.pkl"),
    "zip/size-differs": lambda: one(local_size_bytes=1),
    "zip/duplicate-member": lambda: archive(
        [*torch_entries(EVIL_PICKLE)[:1], *torch_entries()]
    ),
    "zip/unlisted-member": lambda: archive(
        [Entry(name=b"archive/x.pkl", data=EVIL_PICKLE, listed=False), *torch_entries()]
    ),
    "zip/descriptor-payload": lambda: one(descriptor=True, method=DEFLATED),
    "zip/odd-member-name": lambda: single(b"weights.txt", EVIL_PICKLE_2),
    "zip/no-member-name": lambda: single(b"", EVIL_PICKLE),
    "zip/payload-before": lambda: archive(torch_entries(), prefix=EVIL_PICKLE),
    "zip/payload-before-adjusted": lambda: archive(
        torch_entries(), prefix=EVIL_PICKLE, shift=len(EVIL_PICKLE)
    ),
    "zip/payload-between": lambda: archive(torch_entries(), between=EVIL_PICKLE),
    "zip/payload-before-directory": lambda: archive(torch_entries(), before_directory=EVIL_PICKLE),
    "zip/payload-after": lambda: archive(torch_entries(), tail=EVIL_PICKLE),
    "zip/payload-in-comment": lambda: archive(torch_entries(), comment=EVIL_PICKLE_2),
    "zip/two-directories": two_directories,
    "zip/directory-cut-off": lambda: b"".join(map(local, torch_entries(EVIL_PICKLE))),
    "zip/nested-payload": lambda: single(b"a.bin", single(b"b.bin", EVIL_PICKLE_2)),
    "zip/slip-with-a-space": lambda: single(b".. /x", b"words\n"),
    "zip/start-file": lambda: single(b"own.pth", b"import os; os.getpid()\n"),
    "zip/shortcut": lambda: single(
        b"model.lnk",
        b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(80),
    ),
    "zip/slip": lambda: single(b"../../etc/cron.d/x", b"* * * * * root echo inert\n"),
    "zip/absolute-name": lambda: single(b"/etc/cron.d/x", b"* * * * * root echo inert\n"),
    "zip/drive-name": lambda: single(b"C:\\Windows\\x.dll", b"inert"),
    "zip/symlink": lambda: single(b"model", b"/etc/passwd", attributes=SYMLINK),
    "zip/device": lambda: single(b"model", b"", attributes=CHARACTER_DEVICE),
    "zip/elf-member": lambda: single(b"data/model.so", elf()),
    "zip/pe-member": lambda: single(b"data/model.bin", portable_executable()),
    "zip/mach-o-member": lambda: single(b"data/model.bin", mach_o()),
    "zip/script-member": lambda: single(b"setup", SCRIPT),
    "zip/overlapping-bomb": lambda: overlapping(500),
    "zip/many-members": lambda: many(70_000),
    "zip/nested-deep": lambda: nested(10_000),
    "zip/forty-two": forty_two,
    "zip/one-huge-member": lambda: huge(1024),
}  # fmt: skip

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "zip/torch": lambda: archive(torch_entries()),
    "zip/torch-deflated": lambda: archive(torch_entries(method=DEFLATED)),
    "zip/descriptor": lambda: single(b"a.pkl", GOOD_PICKLE, method=DEFLATED, descriptor=True),
    "zip/comment": lambda: archive(torch_entries(), comment=b"saved by a friend"),
    "zip/nested": lambda: single(b"model.zip", archive(torch_entries())),
    "zip/empty": lambda: archive([]),
}
