"""Pictures beside a model: walked from start to end, so that what is hung behind one is seen."""

from __future__ import annotations

import re
import struct

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.window import Window

PNG = b"\x89PNG\r\n\x1a\n"
GIF = (b"GIF87a", b"GIF89a")
JPEG = b"\xff\xd8\xff"
ICON = b"\0\0\1\0"
# GIF and JPEG say where they end only to who reads all of them.
WALKED_BYTES = 64 << 20
_ICON_ENTRY = struct.Struct("<4x2H2I")
# In the scan of a JPEG: a marker that is neither a stuffed byte nor a restart.
_MARKER = re.compile(rb"\xff+[^\xff\x00\xd0-\xd7]")


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
    if head.startswith(PNG):
        end = _png_end(window, record)
    elif head.startswith(b"RIFF"):
        size_bytes = int.from_bytes(head[4:8], "little")
        end = 8 + size_bytes + size_bytes % 2
    elif head.startswith(ICON):
        end = _icon_end(head, window)
    elif window.size_bytes > WALKED_BYTES:
        raise OverLimitError(f"a picture of {window.size_bytes} bytes is not read to its end")
    else:
        data = window.exactly(0, window.size_bytes)
        end = _gif_end(data) if head.startswith(GIF) else _jpeg_end(data)
    if end > window.size_bytes:
        raise ArtifactError("the picture is cut short")
    record.understood(0, end)


def _png_end(window: Window, record: Recorder) -> int:
    at, kind = len(PNG), b""
    while kind != b"IEND":
        record.budget.check_time()
        head = window.exactly(at, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if not kind.isalpha():
            raise ArtifactError(f"no PNG chunk begins at byte {at}")
        at += 8 + length + 4
    return at


def _gif_end(data: bytes) -> int:
    try:
        at = 13 + _colours(data[10])
        while data[at] != 0x3B:
            if data[at] == 0x21:  # an extension: a label, then blocks
                at += 2
            elif data[at] == 0x2C:  # a picture: its place, maybe colours, the code size, blocks
                at += 11 + _colours(data[at + 9])
            else:
                raise ArtifactError(f"no GIF block begins at byte {at}")
            while data[at]:
                at += 1 + data[at]
            at += 1
    except IndexError:
        raise ArtifactError("the picture is cut short") from None
    return at + 1


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg_end(data: bytes) -> int:
    at = 2
    while found := _MARKER.match(data, at):
        at, marker = found.end(), data[found.end() - 1]
        if marker == 0xD9:
            return at
        if at + 2 > len(data):
            break
        at += int.from_bytes(data[at : at + 2], "big")
        if marker == 0xDA:
            scan = _MARKER.search(data, at)
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
