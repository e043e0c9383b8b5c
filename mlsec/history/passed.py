"""What passed in the last scan of a series, as it is kept: packed, and unpacked with a bound."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.history.stored_text import as_it_was, as_stored

# A rule and the ids of the resources that passed it, a few hundred bytes each.
_MAX_BYTES = 512 * 1024 * 1024
# Ids of resources are alike: a higher level takes five times as long for a tenth of the bytes.
_LEVEL = 1


def pack(passed: Mapping[str, Any]) -> bytes:
    """Pack what passed in a scan."""
    stored = {rule: [as_stored(id_) for id_ in ids] for rule, ids in passed.items()}
    return zlib.compress(msgspec.json.encode(stored), _LEVEL)


def unpack(packed: bytes) -> dict[str, list[str]]:
    """Give what passed in a scan: resources by rule.

    Raises:
        zlib.error: it is damaged.
        ValueError: it is cut short, unpacks to more than any scan has, or is something else.
    """
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, _MAX_BYTES)
    if not unpacker.eof:
        raise ValueError("what passed is cut short, or larger than in any scan")
    stored = msgspec.json.decode(body, type=dict[str, list[str]])
    return {rule: [as_it_was(id_) for id_ in ids] for rule, ids in stored.items()}
