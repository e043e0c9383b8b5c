"""Stored answers: packed with a bound, and unpacked only into what their digest says."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.snapshot.records import Call, CallStatus

# The largest answer, and how many values one may hold: objects in memory take 30 times its bytes.
MAX_BYTES = 512 * 1024 * 1024
MAX_VALUES = 20_000_000
# What all answers of a snapshot come to, for each byte of its file: equal ones are stored once.
_TOTAL_BYTES, _TOTAL_PER_BYTE = 512 * 1024 * 1024, 100
# Beyond this size, an answer that unpacks to so many times its bytes is a bomb.
_LARGE_BYTES, _RATIO = 64 * 1024 * 1024, 200

# What a call takes in the file besides its answer, at the least; up to so many bytes, an answer is
# too small for its repetitions to matter.
_ROW_BYTES, _SMALL_BYTES = 200, 4096


class Packer:
    """Packs what a snapshot keeps; what no reader of it would take is a gap instead.

    Else one file that is repetitive enough would make the evidence of all others unreadable.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._bytes, self._packed_bytes = 0, 0

    def pack(self, call: Call, body: bytes | None) -> tuple[Call, bytes | None, bytes]:
        """Give a call as it is stored, its answer, and the same packed."""
        if not body:
            return call, body, b""
        packed = zlib.compress(body, 6)
        admitted = self.admit(call, len(body), len(packed))
        return (admitted, body, packed) if admitted.payload else (admitted, None, b"")

    def admit(self, call: Call, size_bytes: int, packed_bytes: int) -> Call:
        """Give a call whose answer has this size, or the gap in place of one that is too large."""
        too_large = _is_too_large(size_bytes, packed_bytes)
        if not too_large and self._has_room(call, size_bytes, packed_bytes):
            return call
        detail = f"{size_bytes:,} bytes that repeat themselves: more than is kept as evidence"
        reason = GapReason.OVER_LIMIT.value
        gap = {"status": CallStatus.GAP, "reason": reason, "detail": detail, "payload": ""}
        return msgspec.structs.replace(call, **gap)

    def _has_room(self, call: Call, size_bytes: int, packed_bytes: int) -> bool:
        with self._lock:
            total = self._bytes + size_bytes
            # Equal answers are stored once; of small ones the call alone takes more in the file.
            is_stored = size_bytes <= _SMALL_BYTES or call.payload in self._seen
            stored = self._packed_bytes + (_ROW_BYTES if is_stored else packed_bytes)
            if total > max(_TOTAL_BYTES, _TOTAL_PER_BYTE * stored):
                return False
            self._bytes, self._packed_bytes = total, stored
            if not is_stored:
                self._seen.add(call.payload)
            return True


def _is_too_large(size_bytes: int, packed_bytes: int) -> bool:
    is_bomb = size_bytes > _LARGE_BYTES and size_bytes > _RATIO * packed_bytes
    return size_bytes > MAX_BYTES or is_bomb


def unpack(row: Iterable[Any], digest: str, location: str) -> bytes:
    """Give the answer of one row (size, body), checked.

    Raises:
        MlsecError: damaged, larger than it says or than we read, or not what its digest says.
    """
    size_bytes, packed = row
    if type(size_bytes) is not int or type(packed) is not bytes or size_bytes < 0:
        raise _damaged(digest, "has a value of another type than its column's", location)
    if _is_too_large(size_bytes, len(packed)):
        said = f"unpacks from {len(packed):,} to {size_bytes:,} bytes, more than is read"
        raise _damaged(digest, said, location)
    try:
        unpacker = zlib.decompressobj()
        body = unpacker.decompress(packed, size_bytes + 1)
    except zlib.error:
        raise _damaged(digest, "is damaged", location) from None
    if len(body) != size_bytes or not unpacker.eof or unpacker.unused_data:
        raise _damaged(digest, "is not as long as it says", location)
    if hashlib.sha256(body).hexdigest() != digest:
        raise _damaged(digest, "was changed after collection", location)
    return body


def parse(body: bytes, digest: str, location: str) -> Any:
    """Give an answer as values.

    Raises:
        MlsecError: not JSON, too deep, or with more values than is read.
    """
    if len(body) > MAX_VALUES and sum(map(body.count, b",[{")) > MAX_VALUES:
        raise _damaged(digest, f"holds more than {MAX_VALUES:,} values", location)
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError):
        raise _damaged(digest, "is not JSON", location) from None
    except RecursionError:
        raise _damaged(digest, "is nested too deep", location) from None


def check_sizes(
    sizes: Mapping[Any, Any], calls: Iterable[Call], file_bytes: int, location: str
) -> None:
    """Check that every answer is there, none more, and that all together stay in proportion.

    Raises:
        MlsecError: answers that no call has, or calls whose answer is missing; a bomb.
    """
    used = [call.payload for call in calls if call.payload]
    lost = set(used).symmetric_difference(sizes)
    if lost:
        some = min(map(str, lost))[:12]
        raise MlsecError(f"payload {some} is missing, or belongs to no call", location=location)
    total = sum(sizes[digest] for digest in used if type(sizes[digest]) is int)
    if total > max(_TOTAL_BYTES, _TOTAL_PER_BYTE * file_bytes):
        raise MlsecError(
            f"the snapshot of {file_bytes:,} bytes holds answers of {total:,}, more than is read",
            location=location,
        )


def _damaged(digest: str, what: str, location: str) -> MlsecError:
    return MlsecError(f"payload {digest[:12]} {what}", location=location)
