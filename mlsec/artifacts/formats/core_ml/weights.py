"""Reads the weights beside a Core ML program: numbers behind small headers, one after the other."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.contents import judge_beginnings
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder

# Source: MILBlob's StorageFormat.hpp in coremltools.
VERSION, BLOCK, SENTINEL = 2, 64, b"\xef\xbe\xad\xde"
MOST = 1_000_000


def sniff_core_ml_weights(head: bytes, _window: Window) -> bool:
    """Whether a count, the version and the header of a first blob stand at the beginning."""
    is_version = int.from_bytes(head[4:8], "little") == VERSION
    return is_version and head[BLOCK : BLOCK + 4] == SENTINEL and not any(head[8:BLOCK])


def read_core_ml_weights(window: Window, record: Recorder) -> None:
    """Account for each blob, with what fills up to the next one.

    Raises:
        ArtifactError: an invalid header, or data that are missing.
    """
    count = int.from_bytes(window.exactly(0, 4), "little")
    if count > MOST:
        raise ArtifactError(f"{count} blobs are more than any model has")
    record.understood(0, BLOCK)
    at, spans = BLOCK, list[tuple[int, int]]()
    for _ in range(count):
        record.budget.check_time()
        head = window.exactly(at, BLOCK)
        size_bytes = int.from_bytes(head[8:16], "little")
        start = int.from_bytes(head[16:24], "little")
        if head[:4] != SENTINEL or start < at + BLOCK or start + size_bytes > window.size_bytes:
            raise ArtifactError(f"no header of a blob, or none of its data, at {at}")
        end = start + size_bytes
        spans.append((start, size_bytes))
        # Writers do not clear what fills up to the next blob.
        following = min(end + -end % BLOCK, window.size_bytes)
        record.understood(at, at + BLOCK)
        record.understood(start, following)
        at = following
    record.property("tensors", count)
    judge_beginnings(window, spans, record)
