"""Reads ar and cpio archives: a header, a name and the bytes of each member in sequence."""

# Why no library: the standard library has none, and those of PyPI unpack to disk and do not
# report what lies between or behind the members.

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import msgspec

from mlsec.artifacts.archives.archive import Archive, Member
from mlsec.artifacts.archives.member_names import decode_name, judge_link, judge_mode, judge_name
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.regex import regex

AR, THIN_AR = b"!<arch>\n", b"!<thin>\n"
# The portable form of System V with and without a checksum, and that of POSIX in octal digits.
CPIO_NEW, CPIO_OLD = (b"070701", b"070702"), b"070707"
AR_HEADER, NEW_HEADER, OLD_HEADER = 60, 110, 76
TRAILER = "TRAILER!!!"
NAME_BYTES, TARGET_BYTES = 64 << 10, 4096
_HEX, _OCTAL = regex(rb"[0-9A-Fa-f]{104}\Z"), regex(rb"[0-7]{70}\Z")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One member: its data are [data, data + size_bytes) of the archive, ``mode`` is Unix's."""

    name: str
    start: int
    data: int
    size_bytes: int
    mode: int = stat.S_IFREG


def sniff_ar(head: bytes, _window: Window) -> bool:
    """Whether the file begins with the mark of ar."""
    return head.startswith((AR, THIN_AR))


def sniff_cpio(head: bytes, _window: Window) -> bool:
    """Whether the file begins with a header of cpio in hexadecimal or octal digits."""
    if head.startswith(CPIO_NEW):
        return bool(_HEX.match(head[6:NEW_HEADER]))
    return head.startswith(CPIO_OLD) and bool(_OCTAL.match(head[6:OLD_HEADER]))


def read_ar(window: Window, record: Recorder) -> None:
    """Read every member; those of a thin archive lie in files of their own.

    Raises:
        ArtifactError: a header is broken; the members before it are read.
    """
    record.understood(0, len(AR))
    is_thin = window.read(0, len(THIN_AR)) == THIN_AR
    _read(window, record, partial(_ar_items, window, is_thin=is_thin), is_thin=is_thin)


def read_cpio(window: Window, record: Recorder) -> None:
    """Read every member up to the mark of the end.

    Raises:
        ArtifactError: a header is broken; the members before it are read.
    """
    _read(window, record, partial(_cpio_items, window, record))


def _read(
    window: Window, record: Recorder, listed: partial[Iterator[Item]], *, is_thin: bool = False
) -> None:
    items, problem = list[Item](), None
    try:
        for item in listed():
            record.budget.check_time()
            items.append(item)
            if not is_thin:
                record.understood(item.start, item.data + item.size_bytes)
    except ArtifactError as error:
        problem = error
    members = [_member(window, item) for item in items if _is_file(window, item, record)]
    names = Counter(item.name for item in items if stat.S_ISREG(item.mode))
    for name in sorted(name for name, count in names.items() if count > 1):
        detail = f"comes {names[name]} times: the last one stays when it is unpacked"
        record.fact(FactKind.DUPLICATE_MEMBER, name, detail)
    if is_thin:
        detail = "a thin archive: its members lie in other files, which it names"
        record.fact(FactKind.OUTSIDE_REFERENCE, items[0].name if items else "", detail)
    else:
        from mlsec.artifacts.containers.archive_readers import read_members  # noqa: PLC0415 - only for an archive

        read_members(Archive(members), record)
    if problem:
        raise problem


def _is_file(window: Window, item: Item, record: Recorder) -> bool:
    """Judge a member's name and kind; gives whether it has content to be read."""
    judge_name(item.name, record, item.start)
    if judge_mode(item.name, item.mode, record, item.start):
        record.listed(1)
        return False
    if stat.S_ISLNK(item.mode):
        target = window.read(item.data, min(item.size_bytes, TARGET_BYTES))
        judge_link(item.name, decode_name(target.rstrip(b"\0")), record, item.start)
    elif item.size_bytes:
        return True
    record.listed(1)
    return False


def _member(window: Window, item: Item) -> Member:
    return Member(
        name=item.name, start=item.data, size_bytes=item.size_bytes, packed_bytes=item.size_bytes,
        is_stored=True, head=b"", open=partial(_opened, window, item),
    )  # fmt: skip


@contextmanager
def _opened(window: Window, item: Item) -> Iterator[Window]:
    left = max(0, window.size_bytes - item.data)
    yield window.part(min(item.data, window.size_bytes), min(item.size_bytes, left))
    if item.size_bytes > left:
        raise ArtifactError(f"{item.size_bytes - left} of its bytes are not there")


def _number(digits: bytes, base: int) -> int:
    plain = digits.strip() or b"0"
    # Python takes a sign, which would lead back to where the reader has been.
    if plain.isalnum():
        with suppress(ValueError):
            return int(plain, base)
    raise ArtifactError(f"{digits!r} is not a number of an archive's header")


def _ar_items(window: Window, *, is_thin: bool) -> Iterator[Item]:
    at, names = len(AR), b""
    while at < window.size_bytes:
        if window.read(at, 1) == b"\n":
            at += 1
            continue
        head = window.exactly(at, AR_HEADER)
        if head[58:] != b"`\n":
            raise ArtifactError(f"no header of ar at {at}")
        raw, size_bytes = head[:16].rstrip(b" "), _number(head[48:58], 10)
        data, own = at + AR_HEADER, raw in {b"/", b"//", b"/SYM64/"}
        if raw == b"//":
            names = window.exactly(data, min(size_bytes, 1 << 20))
        elif raw.startswith(b"#1/"):
            # BSD writes a long name before the data.
            length = min(_number(raw[3:], 10), size_bytes, NAME_BYTES)
            raw = window.exactly(data, length).rstrip(b"\0")
            data, size_bytes = data + length, size_bytes - length
        elif raw[:1] == b"/" and raw[1:].isdigit():
            raw = names[int(raw[1:]) :].split(b"\n", 1)[0]
        name = decode_name(raw if own else raw.removesuffix(b"/"))
        mode = _number(head[40:48], 8)
        yield Item(
            name=f"({name})" if own else name, start=at, data=data, size_bytes=size_bytes,
            mode=mode if stat.S_IFMT(mode) and not own else stat.S_IFREG,
        )  # fmt: skip
        at = data + (size_bytes if own or not is_thin else 0)
        at += at % 2


def _cpio_items(window: Window, record: Recorder) -> Iterator[Item]:
    at = 0
    while True:
        is_new = window.read(at, 6) in CPIO_NEW
        head = window.exactly(at, NEW_HEADER if is_new else OLD_HEADER)
        if is_new:
            fields = [_number(head[place : place + 8], 16) for place in range(6, NEW_HEADER, 8)]
            mode, size_bytes, length = fields[1], fields[6], fields[11]
        elif head[:6] == CPIO_OLD:
            mode, length, size_bytes = (
                _number(head[first:last], 8) for first, last in ((18, 24), (59, 65), (65, 76))
            )
        else:
            raise ArtifactError(f"no header of cpio at {at}")
        if length > NAME_BYTES:
            raise ArtifactError(f"a name of {length} bytes at {at} is none")
        begins = at + len(head)
        name = decode_name(window.exactly(begins, length).split(b"\0", 1)[0])
        data = begins + length
        data += -data % 4 if is_new else 0
        end = data + size_bytes
        end += -end % 4 if is_new else 0
        if name == TRAILER:
            record.understood(at, data)
            return
        # What fills up to the next header is accounted for with the member before it.
        yield Item(name=name, start=at, data=data, size_bytes=size_bytes, mode=mode)
        record.understood(data + size_bytes, min(end, window.size_bytes))
        at = end
