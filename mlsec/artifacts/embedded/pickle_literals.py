"""Finds what is kept as plain data inside a pickle and can be loaded: pickles, archives, programs.

They may stand as bytes, compressed, or as base64 or hexadecimal text.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.code_blobs import find_code, note_code
from mlsec.artifacts.embedded.recognition import decoded, holds_loadable
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files.loadable import is_loadable
from mlsec.artifacts.pickle.files.sniff import sniff_pickle
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

_ZIP = b"PK\3\4"
# What a literal begins with that can be loaded, and bytes without which a block holds none: that is
# asked first, as a text lacks most of them. Each pattern begins with a fixed byte, which the engine
# looks for fast: one more pattern costs less than a choice of first bytes.
# PROTO 2 to 5 and what picklers write next: FRAME, a container, an import, a MARK, text; archives
# and programs.
_FAR_MARKS = (
    (b"\x80", regex(rb"\x80[\x02-\x05][\x95}\]c(\x8c]")),
    (b"gA", regex(rb"gA(?:[SW][VM]|[JN][9dj])")),
    (b"80", regex(rb"800(?:[45](?:95|8c)|[23](?:7d|63|5d))")),
    (_ZIP, regex(rb"PK\x03\x04")),
    (b"\x7fELF", regex(rb"\x7fELF")),
)
# Compiled Python and compressed data, as bytes and in base64; there also imports as before
# protocol 2; pickles in base85.
_MARKS = (
    *_FAR_MARKS,
    (b"\x1f\x8b\x08", regex(rb"\x1f\x8b\x08")),
    (b"\xfd7zXZ\0", regex(rb"\xfd7zXZ\x00")),
    (b"BZh", regex(rb"BZh")),
    (b"\x28\xb5\x2f\xfd", regex(rb"\x28\xb5\x2f\xfd")),
    (b"\xe3\0", regex(rb"\xe3\x00{4}")),
    (b"c\0", regex(rb"c\x00{4}")),
    (b"x", regex(rb"x[\x9c\xda]")),
    (b"UEsDB", regex(rb"UEsDB")),
    (b"f0VMR", regex(rb"f0VMR")),
    (b"H4sI", regex(rb"H4sI")),
    (b"4wA", regex(rb"4wAAAA")),
    (b"Y", regex(rb"Y(?:29|3Bv|wAAAA)")),
    (b"eJ", regex(rb"eJ")),
    (b"KG", regex(rb"KG[Nl]")),
    (b"fC", regex(rb"fC")),
    (b"J-", regex(rb"J-")),
)
# Each mark costs a tenth of what passing the data does, so only the first bytes are searched for
# all of them; for bare pickles, archives and programs all are.
MARKED_BYTES = 8 << 20
FAR = (
    "what the pickle keeps as data behind its first 8 MiB was searched for pickles, archives and"
    " programs, not for compiled, compressed or encoded ones"
)
MOST = 1_000
TOO_MANY = (
    f"more than {MOST} texts and runs of bytes that the pickle keeps begin like something that can"
    " be loaded: the others were not looked at"
)
DECODED_BYTES = 4 << 20
TOO_LONG = (
    f"a text of more than {DECODED_BYTES >> 20} MiB begins like encoded data that can be loaded,"
    " and was not decoded"
)
SHORTEST_BYTES = 8
HEAD_BYTES, CODE_BYTES = 4096, 1 << 20
# What loading the pickle does is read whole: this is said beside, and hides nothing else.
_IN_PART = (FactKind.NOT_FULLY_READ, "")
# What ends a zip archive without a comment, and how far from the end of a file it is looked for.
_ZIP_END, _ZIP_END_BYTES, _ZIP_TAIL_BYTES = b"PK\5\6", 22, 22 + (1 << 16)


class LiteralSearch:
    """Reads what the literals of one file hold, as members of their own; each is read once."""

    def __init__(self, window: Window, record: Recorder) -> None:
        self._window = window
        self._record = record
        self._read: set[int] = set()
        self._is_far = False

    def __call__(self, base: int, block: bytes) -> None:
        """Search one block, which begins at ``base``."""
        record = self._record
        if base >= MARKED_BYTES and not self._is_far:
            self._is_far = True
            record.fact(*_IN_PART, FAR, offset=base, danger=Severity.INFO)
        for offset, size_bytes in payloads(self._window, base, block):
            if offset in self._read:
                continue
            if len(self._read) >= MOST:
                record.fact(*_IN_PART, TOO_MANY, danger=Severity.INFO)
                return
            self._read.add(offset)
            inner = opened(self._window, offset, size_bytes, record)
            if inner is None:
                continue
            code = find_code(inner.read(0, CODE_BYTES))
            if code is not None and not code.offset:
                note_code(record, code, "a literal", offset=offset)
            else:
                record.member(f"literal at {offset}", inner)


def payloads(window: Window, base: int, block: bytes) -> Iterator[tuple[int, int]]:
    """Where literals in a block begin like something that can be loaded: offset and size."""
    for start in _starts(block, is_near=base < MARKED_BYTES):
        size_bytes = _declared(block, start)
        offset = base + start
        if SHORTEST_BYTES <= size_bytes <= window.size_bytes - offset:
            yield offset, size_bytes


def _starts(block: bytes, *, is_near: bool) -> Iterator[int]:
    for needed, pattern in _MARKS if is_near else _FAR_MARKS:
        if all(byte in block for byte in needed):
            for match in pattern.finditer(block):
                yield match.start()


def _declared(block: bytes, start: int) -> int:
    """The length that an opcode right before ``start`` gives; -1 without one."""
    if start >= 2 and block[start - 2] in b"CU\x8c":
        return block[start - 1]
    if start >= 5 and block[start - 5] in b"BXT":
        return int.from_bytes(block[start - 4 : start], "little")
    if start >= 9 and block[start - 9] in b"\x8d\x8e\x96":
        return int.from_bytes(block[start - 8 : start], "little")
    return -1


def keeps_archive(window: Window) -> bool:
    """Whether a pickle keeps a whole zip archive as its first bytes, and no other one ends it."""
    head = window.read(0, HEAD_BYTES)
    start = head.find(_ZIP)
    size_bytes = _declared(head, start)
    end = start + size_bytes
    if start < 0 or size_bytes < _ZIP_END_BYTES or end > window.size_bytes:
        return False
    is_whole = window.read(end - _ZIP_END_BYTES, 4) == _ZIP_END
    return is_whole and _ZIP_END not in window.read(end, _ZIP_TAIL_BYTES)


def opened(window: Window, offset: int, size_bytes: int, record: Recorder) -> Window | None:
    """What a literal holds, if that can be loaded; None where it is data, or too long to decode,
    which is said.
    """
    part = window.part(offset, size_bytes)
    head = part.read(0, HEAD_BYTES)
    if head[:1] == b"\x80":
        is_whole = part.read(size_bytes - 1, 1) == b"." and sniff_pickle(head, part)
        # Loaders stop at STOP: whatever follows it, what begins like one and calls is one.
        return part if is_whole or is_loadable(part) else None
    if holds_loadable(head, part):
        return part
    if not head[:1].isalnum():
        return None
    if size_bytes > DECODED_BYTES:
        record.fact(FactKind.NOT_FULLY_READ, "", TOO_LONG, danger=Severity.INFO)
        return None
    inner = decoded(part.read(0, size_bytes))
    return Window.of(inner) if inner else None
