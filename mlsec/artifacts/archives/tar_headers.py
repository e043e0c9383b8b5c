"""The headers of a tar: every kind of them, and the names and sizes that later ones override."""

# Why not tarfile: it stops at the first end mark or broken header, merges overrides without a
# word, and has no caps. What lies behind is what an attacker hides.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.artifacts.archives.member_names import decode_name
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError

BLOCK = 512
EXTENDED_BYTES = 1 << 20
HARD_LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, FOLDER, PIPE = b"1", b"2", b"3", b"4", b"5", b"6"
# A hard link is not among them: pax may store its content again.
EMPTY = frozenset((SYMLINK, CHARACTER, BLOCK_DEVICE, FOLDER, PIPE))
FILES = frozenset((b"0", b"\0", b"7", b"S"))
# Solaris access lists and the like: their content describes, it is never unpacked as a file.
DESCRIBING = frozenset((b"A", b"E", b"I", b"V", b"N", b"X", b"M", b"D"))
PAX_RECORD = re.compile(rb"(\d{1,8}) ([^=\n]{1,200})=", re.DOTALL)


class TarMember(msgspec.Struct, frozen=True, kw_only=True):
    """One member: its header begins at ``start``, its data lie in [data, data + size_bytes).

    ``short_name`` is the name in the plain header where a longer one overrides it, ``doubts``
    say where two headers disagree in what a name cannot explain.
    """

    name: str
    kind: bytes
    target: str
    mode: int
    start: int
    data: int
    size_bytes: int
    short_name: str = ""
    is_sparse: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """Where the next header may begin."""
        return self.data + -(-self.size_bytes // BLOCK) * BLOCK


def is_header(block: bytes) -> bool:
    """Whether a block has the checksum of a tar header."""
    if len(block) < BLOCK:
        return False
    field = block[148:156].strip(b" \0")
    if not re.fullmatch(rb"[0-7]{1,8}", field):
        return False
    total = int(field, 8)
    unsigned = sum(block[:148]) + 256 + sum(block[156:BLOCK])
    high = sum(byte > 127 for byte in block[:148] + block[156:BLOCK])
    return total in (unsigned, unsigned - 256 * high)


def headers(window: Window, offset: int = 0) -> Iterator[TarMember]:
    """Every member from ``offset`` up to the first block that is not a header.

    Raises:
        ArtifactError: a header that announces what is not there.
    """
    start, over, common = offset, dict[str, str](), dict[str, str]()
    while is_header(block := window.read(offset, BLOCK)):
        kind, size_bytes = block[156:157], number(block[124:136])
        data = offset + BLOCK
        match kind:
            case b"L" | b"K":
                text = _extended(window, data, size_bytes).rstrip(b"\0")
                over["path" if kind == b"L" else "linkpath"] = decode_name(text)
                offset = data + -(-size_bytes // BLOCK) * BLOCK
            case b"x" | b"g":
                fields = pax_fields(_extended(window, data, size_bytes))
                (common if kind == b"g" else over).update(fields)
                offset = data + -(-size_bytes // BLOCK) * BLOCK
            case _:
                member = _member(window, block, start, offset, {**common, **over})
                yield member
                start = offset = member.end
                over = {}
    if over:
        raise ArtifactError("the last extended header describes no member")


def _member(
    window: Window, block: bytes, start: int, offset: int, over: Mapping[str, str]
) -> TarMember:
    kind, size_bytes, data = block[156:157], number(block[124:136]), offset + BLOCK
    short_name, doubts = _plain_name(block), list[str]()
    name = over.get("GNU.sparse.name", over.get("path", short_name))
    if "size" in over and over["size"].isdecimal() and int(over["size"][:20]) != size_bytes:
        wide = int(over["size"][:20])
        if size_bytes:
            doubts.append(f"one header announces {size_bytes} bytes, another {wide}")
        size_bytes = wide
    if kind in EMPTY and size_bytes:
        doubts.append(f"{size_bytes} bytes follow a member that can have none")
    if kind == b"S":
        data = _after_map(window, offset)
    return TarMember(
        name=name,
        kind=kind,
        target=over.get("linkpath", _text(block[157:257])),
        mode=number(block[100:108]),
        start=start,
        data=data,
        size_bytes=size_bytes,
        short_name="" if name == short_name else short_name,
        is_sparse=kind == b"S" or any(key.startswith("GNU.sparse") for key in over),
        doubts=tuple(doubts),
    )


def _after_map(window: Window, offset: int) -> int:
    """Where the data of an old GNU sparse member begin: after the blocks that go on its map."""
    data, is_longer = offset + BLOCK, window.read(offset + 482, 1) == b"\1"
    while is_longer:
        is_longer = window.exactly(data + 504, 1) == b"\1"
        data += BLOCK
    return data


def _plain_name(block: bytes) -> str:
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        return f"{prefix}/{name}"
    return name


def _text(field: bytes) -> str:
    return decode_name(field.partition(b"\0")[0])


def number(field: bytes) -> int:
    """A number of a header: octal digits, or base 256 where its first bit is set.

    Raises:
        ArtifactError: neither, or negative.
    """
    if field[:1] and field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] == 0xFF or value > 1 << 62:
            raise ArtifactError("a tar header holds a negative or an endless size")
        return value
    digits = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]*", digits):
        raise ArtifactError(f"a tar header holds {field!r} where a number belongs")
    return int(digits or b"0", 8)


def _extended(window: Window, data: int, size_bytes: int) -> bytes:
    if size_bytes > EXTENDED_BYTES:
        raise OverLimitError(f"an extended header is larger than {EXTENDED_BYTES} bytes")
    return window.exactly(data, size_bytes)


def pax_fields(data: bytes) -> dict[str, str]:
    """The fields of a pax header: each record is its own length, a key and a value.

    Raises:
        ArtifactError: a record has another length than it says.
    """
    fields, at = dict[str, str](), 0
    while at < len(data) and data[at] != 0:
        match = PAX_RECORD.match(data, at)
        end = at + int(match[1]) if match else 0
        if not match or end > len(data) or end <= match.end() or data[end - 1 : end] != b"\n":
            raise ArtifactError("a pax record has another length than it says")
        fields[decode_name(match[2])] = decode_name(data[match.end() : end - 1])
        at = end
    return fields
