"""Torch's format before 1.6: five pickle streams, then the storages as raw bytes.

Source: ``torch.serialization._legacy_save``: magic number, protocol version, system facts, the
object, the storage keys in order; then per storage the number of elements (8 bytes) and the data.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterable, Mapping
from contextlib import suppress

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.pickle.values import Global, Value

MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
STREAMS = 5
KEYS_BYTES = 16 << 20

ELEMENT_BYTES: Mapping[str, int] = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1,
    "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    "UntypedStorage": 1,
}  # fmt: skip


def is_torch_legacy(window: Window, offset: int = 0) -> bool:
    """The first stream holds torch's magic number."""
    head = window.read(offset, 2 + len(MAGIC))
    return head[:1] == b"\x80" and head[2:] == MAGIC


def storage_bytes(identity: Value) -> tuple[str, int] | None:
    """Key and element width of a persistent id ("storage", type, key, location, elements, ...)."""
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        return None
    kind, key = identity[1], identity[2]
    if not isinstance(kind, Global) or not isinstance(key, str):
        return None
    width = ELEMENT_BYTES.get(kind.name)
    return (key, width) if width else None


def storage_keys(window: Window, start: int, end: int) -> list[str]:
    """The keys in the list that the stream [start, end) holds, as many as there are.

    They are told by the opcodes: of a list's value only the first items are kept.
    """
    data = window.read(start, min(end - start, KEYS_BYTES))
    keys = list[str]()
    with suppress(ValueError):  # a stream that is cut short or none: what stands before is told
        keys.extend(value for _, value, _ in pickletools.genops(data) if isinstance(value, str))
    return keys


def end_of_storages(
    window: Window, offset: int, keys: Iterable[str], widths: Mapping[str, int]
) -> int:
    """Walk the raw storages in the order of ``keys`` as far as they can be told."""
    for key in keys:
        width = widths.get(key)
        count = int.from_bytes(window.read(offset, 8), "little", signed=True)
        end = offset + 8 + count * width if width and count >= 0 else -1
        if not offset < end <= window.size_bytes:
            return offset
        offset = end
    return offset
