"""Pictures beside a model: walked from start to end, and their words searched.

What is hung behind a picture is seen as unaccounted bytes. Comments, profiles and private parts
are bytes that no decoder looks at: each is searched for what could be loaded.
"""

# Why not Pillow: a decoder of pictures is attack surface, and it ignores what is looked for here,
# chunks that nobody shows and bytes behind the end.

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

PNG = b"\x89PNG\r\n\x1a\n"
GIF = (b"GIF87a", b"GIF89a")
JPEG = b"\xff\xd8\xff"
ICON = b"\0\0\1\0"
# GIF and JPEG say where they end only to who reads all of them.
WALKED_BYTES = 64 << 20
_ICON_ENTRY = struct.Struct("<4x2H2I")
# What a decoder of pictures reads; all else in a PNG or WebP is text of the writer's own.
_PNG_PIXELS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"fdAT"))
_WEBP_PIXELS = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANMF"))
# Segments of a JPEG that hold its picture: frames, tables, scans.
_JPEG_PIXELS = (*range(0xC0, 0xE0), *range(0xF0, 0xFE))
# Of more parts than these only the first are searched, and that is noted.
_SEARCHED_PARTS = 1000
# In the scan of a JPEG: a marker that is neither a stuffed byte nor a restart.
_MARKER = re.compile(rb"\xff+[^\xff\x00\xd0-\xd7]")
# The next one behind pixels, at its last filling byte.
_NEXT = re.compile(rb"\xff[^\xff\x00\xd0-\xd7]")


def sniff_image(head: bytes, window: Window) -> bool:
    """Whether a file is a PNG, GIF, JPEG, WebP or icon, by its first bytes."""
    if head.startswith((PNG, *GIF, JPEG)):
        return True
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return True
    return head.startswith(ICON) and _icon_end(head, window) > 0


def read_image(window: Window, record: Recorder) -> None:
    """Account for the picture; what follows its end stays unaccounted.

    Raises:
        ArtifactError: it is cut short, or its parts do not follow one another.
    Source: PNG (ISO/IEC 15948) section 5, GIF89a, JPEG (ITU T.81) annex B, RIFF.
    """
    head = window.read(0, 4096)
    parts: list[tuple[int, int]] = []
    if head.startswith(PNG):
        end = _png_end(window, record, parts)
    elif head.startswith(b"RIFF"):
        size_bytes = int.from_bytes(head[4:8], "little")
        end = 8 + size_bytes + size_bytes % 2
        parts += _webp_words(window, min(end, window.size_bytes))
    elif head.startswith(ICON):
        end = _icon_end(head, window)
    elif window.size_bytes > WALKED_BYTES:
        raise OverLimitError(f"a picture of {window.size_bytes} bytes is not read to its end")
    else:
        data = window.exactly(0, window.size_bytes)
        walk = _gif_end if head.startswith(GIF) else _jpeg_end
        end = walk(data, parts)
    if end > window.size_bytes:
        raise ArtifactError("the picture is cut short")
    record.understood(0, end)
    _search(parts, window, record)


def _search(parts: list[tuple[int, int]], window: Window, record: Recorder) -> None:
    for start, end in parts[:_SEARCHED_PARTS]:
        record.budget.check_time()
        search(window.part(start, end - start), record)
    if len(parts) > _SEARCHED_PARTS:
        detail = f"of {len(parts)} comments and the like only the first were searched"
        record.unread(GapReason.OVER_LIMIT, detail)


def _png_end(window: Window, record: Recorder, words: list[tuple[int, int]]) -> int:
    at, kind = len(PNG), b""
    while kind != b"IEND":
        record.budget.check_time()
        head = window.exactly(at, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if not kind.isalpha():
            raise ArtifactError(f"no PNG chunk begins at byte {at}")
        if kind not in _PNG_PIXELS:
            words.append((at + 8, min(at + 8 + length, window.size_bytes)))
        at += 8 + length + 4
    return at


def _webp_words(window: Window, end: int) -> Iterator[tuple[int, int]]:
    at = 12
    while at + 8 <= end:
        head = window.read(at, 8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] not in _WEBP_PIXELS:
            yield at + 8, min(at + 8 + length, end)
        at += 8 + length + length % 2


def _gif_end(data: bytes, words: list[tuple[int, int]]) -> int:
    try:
        at = 13 + _colours(data[10])
        while data[at] != 0x3B:
            start, is_words = at, data[at] == 0x21
            if is_words:  # an extension: a label, then blocks
                at += 2
            elif data[at] == 0x2C:  # a picture: its place, maybe colours, the code size, blocks
                at += 11 + _colours(data[at + 9])
            else:
                raise ArtifactError(f"no GIF block begins at byte {at}")
            while data[at]:
                at += 1 + data[at]
            at += 1
            if is_words:
                words.append((start, at))
    except IndexError:
        raise ArtifactError("the picture is cut short") from None
    return at + 1


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg_end(data: bytes, words: list[tuple[int, int]]) -> int:
    at = 2
    while match := _MARKER.match(data, at):
        at, marker = match.end(), data[match.end() - 1]
        if marker == 0xD9:
            return at
        if at + 2 > len(data):
            break
        start = at
        at += int.from_bytes(data[at : at + 2], "big")
        if marker not in _JPEG_PIXELS:
            words.append((start + 2, min(max(at, start + 2), len(data))))
        if marker == 0xDA:
            scan = _NEXT.search(data, at)
            if scan is None:
                break
            at = scan.start()
    raise ArtifactError("the picture is cut short, or its segments do not follow one another")


def _icon_end(head: bytes, window: Window) -> int:
    """Where the last picture of an icon ends; 0 when the directory is not one of an icon."""
    count = int.from_bytes(head[4:6], "little")
    table = head[6 : 6 + 16 * count]
    if not 0 < count <= 64 or len(table) < 16 * count:
        return 0
    ends = []
    for number in range(count):
        _, _, size_bytes, start = _ICON_ENTRY.unpack_from(table, 16 * number)
        if start < 6 + 16 * count or not size_bytes:
            return 0
        ends.append(start + size_bytes)
    return max(ends) if max(ends) <= window.size_bytes else 0
