"""What passed in the last scan of a series, as it is kept: packed, and unpacked with a bound."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

# A rule and the ids of the resources that passed it, a few hundred bytes each.
_MAX_BYTES = 512 * 1024 * 1024


def pack(passed: Mapping[str, Any]) -> bytes:
    """Pack what passed in a scan."""
    return zlib.compress(msgspec.json.encode(passed))


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
    return msgspec.json.decode(body, type=dict[str, list[str]])
