"""Torch's format before 1.6: five pickle streams, then the storages as raw bytes.

Source: ``torch.serialization._legacy_save``: magic number, protocol version, system facts, the
object, the storage keys in order; then per storage the number of elements (8 bytes) and the data.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterable, Mapping
from contextlib import suppress

from mlsec.artifacts.bytes.window import Window

MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
STREAMS = 5
KEYS_BYTES = 16 << 20


def is_torch_legacy(window: Window, offset: int = 0) -> bool:
    """The first stream holds torch's magic number."""
    head = window.read(offset, 2 + len(MAGIC))
    return head[:1] == b"\x80" and head[2:] == MAGIC


def storage_keys(window: Window, start: int, end: int) -> list[str]:
    """The keys in the list that the stream [start, end) holds, as many as there are.

    They are recognised by the opcodes: of a list's value only the first items are kept.
    """
    data = window.read(start, min(end - start, KEYS_BYTES))
    keys = list[str]()
    with suppress(ValueError):  # a stream that is cut short or none: what precedes it is reported
        keys.extend(value for _, value, _ in pickletools.genops(data) if isinstance(value, str))
    return keys


def end_of_storages(
    window: Window, offset: int, keys: Iterable[str], widths: Mapping[str, int]
) -> int:
    """Walk the raw storages in the order of ``keys`` as far as they are known."""
    for key in keys:
        width = widths.get(key)
        count = int.from_bytes(window.read(offset, 8), "little", signed=True)
        end = offset + 8 + count * width if width and count >= 0 else -1
        if not offset < end <= window.size_bytes:
            return offset
        offset = end
    return offset
