"""Persistent ids of torch: which storages a stream refers to, and how wide an element is."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.pickle.vm.values import Global, Value

ELEMENT_BYTES: Mapping[str, int] = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1,
    "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    "UntypedStorage": 1,
}  # fmt: skip


def storage_bytes(identity: Value) -> tuple[str, int] | None:
    """Key and element width of a persistent id ("storage", type, key, location, elements, ...)."""
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        return None
    kind, key = identity[1], identity[2]
    if not isinstance(kind, Global) or not isinstance(key, str):
        return None
    width = ELEMENT_BYTES.get(kind.name)
    return (key, width) if width else None
