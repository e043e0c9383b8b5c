"""Torch's oldest format: a tar whose tables are pickle streams with raw numbers between them.

Source: ``torch.serialization._load``, ``legacy_load``. ``storages`` is a stream with their number,
then for each a stream (key, location, type), the number of elements (8 bytes) and the data.
``tensors`` is a stream with their number, then for each a stream (key, storage, type), the number
of axes (8 bytes), the sizes, the strides and the offset (8 bytes each).
"""

from __future__ import annotations

import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.pickle.policy.persistent_ids import ELEMENT_BYTES
from mlsec.artifacts.pickle.vm.values import Global, Value

# The tables, and the count that each begins with: BININT1, BININT2 or BININT, then STOP.
TABLES = frozenset({"storages", "tensors"})
_COUNT = re.compile(rb"\x80[\x02-\x05](?:K.|M..|J....)\.", re.DOTALL)
AXES = 64


def is_table(window: Window) -> bool:
    """Whether the file is one of the two tables, by its name and by its first stream."""
    is_named = window.name.rpartition("/")[2] in TABLES
    return is_named and bool(_COUNT.match(window.read(0, 8)))


def end_of_raw(window: Window, offset: int, described: Value) -> int:
    """Where the raw bytes end that a stream ending at ``offset`` describes; -1 if it tells none."""
    if not isinstance(described, tuple) or len(described) != 3:
        return -1
    kind = described[2]
    if not isinstance(kind, Global):
        return -1
    count = int.from_bytes(window.read(offset, 8), "little", signed=True)
    if window.name.endswith("tensors"):
        # The upper half of the number of axes is skipped by torch, so anything may stand there.
        axes = int.from_bytes(window.read(offset, 4), "little", signed=True)
        end = offset + 16 + 16 * axes if count == axes and 0 <= axes <= AXES else -1
    else:
        width = ELEMENT_BYTES.get(kind.name, 0)
        end = offset + 8 + count * width if width and count >= 0 else -1
    return end if offset < end <= window.size_bytes else -1
