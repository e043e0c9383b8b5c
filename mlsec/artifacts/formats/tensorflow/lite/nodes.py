"""Nodes of full TensorFlow that TensorFlow Lite keeps in the options of its Flex operators."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.formats.tensorflow.graph import GraphReader
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

NODE_OPERATOR = 2
# A flexbuffer writes the length of a blob right before it, in this many bytes.
_WIDTHS = (1, 2, 4, 8)
TRIES = 2_000


def judge_node(window: Window, operator: str, options: bytes, start: int, record: Recorder) -> None:
    """Judge the node that an operator was: what its attributes name and hold.

    ``start`` is where its options lie in the window.
    """
    wire = Wire(window, record.budget)
    for at, size_bytes in _blobs(options, operator):
        field = Field(0, BYTES, 0, start + at, start + at + size_bytes)
        if _is_node(wire, field, operator):
            try:
                GraphReader(wire, record).node(field, "by the Flex delegate")
            except ArtifactError as error:
                record.gap(error.reason, f"the node of {operator[:80]}: {error.message}")
            return
    if options:
        detail = f"the options of Flex{operator[:80]} hold no node that can be read"
        record.gap(GapReason.MALFORMED, detail)


def _blobs(options: bytes, operator: str) -> Iterator[tuple[int, int]]:
    """Where a node may begin in the options, and how long it would be by what stands before it."""
    name = operator.encode("utf-8", "replace")
    if name not in options:
        return
    for at in range(1, min(len(options), TRIES)):
        # The first field of a node is its name, or its operator where it has none.
        if options[at] not in b"\x0a\x12":
            continue
        for width in _WIDTHS:
            length = int.from_bytes(options[max(0, at - width) : at], "little")
            if len(name) + 2 <= length <= len(options) - at:
                yield at, length


def _is_node(wire: Wire, field: Field, operator: str) -> bool:
    try:
        names = [
            wire.text(inner)
            for inner in wire.inside(field)
            if inner.number == NODE_OPERATOR and inner.wire == BYTES
        ]
    except ArtifactError:
        return False
    return names == [operator]
