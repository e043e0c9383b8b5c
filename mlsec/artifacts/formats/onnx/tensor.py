"""Lone ONNX tensors (``input_0.pb`` beside a test model): numbers, or a pointer to a file."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.bytes.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.contents import judge_bytes, judge_field
from mlsec.artifacts.embedded.recognition import may_begin
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.formats.onnx.onnx import note_external
from mlsec.artifacts.recorder import Recorder

# Field numbers: TensorProto in onnx.proto of the ONNX specification.
DIMS, TYPE, STRINGS, NAME, RAW, DOC, EXTERNAL, LOCATION = 1, 2, 6, 8, 9, 12, 13, 14
# The fields that hold numbers, and the wire type of one of them where it stands alone.
NUMBERS: Mapping[int, int] = {4: FIXED32, 5: VARINT, 7: VARINT, 10: FIXED64, 11: VARINT}
_NUMBERS_OR_NAME = frozenset((DIMS, NAME, *NUMBERS))
KNOWN = frozenset((DIMS, TYPE, 3, STRINGS, NAME, RAW, DOC, EXTERNAL, LOCATION, 16, *NUMBERS))
# Bits of an element by data type; absent where elements have no fixed width.
BITS: Mapping[int, int] = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64,
    15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
TYPES = 26
STRING = 8
TOP_FIELDS = 2_000_000
MOST_DIMS = 64


def sniff_tensor(head: bytes, window: Window) -> bool:
    """Whether the whole file is one TensorProto whose numbers fill its shape."""
    if len(head) < 4 or head[0] not in (0x08, 0x0A, 0x10):
        return False
    wire = Wire(window)
    try:
        fields = _few(wire)
    except ArtifactError:
        return False
    return bool(fields) and _is_tensor(wire, fields)


def read_tensor(window: Window, record: Recorder) -> None:
    """Note an external place of the numbers, and content here that is not numbers."""
    wire = Wire(window, record.budget)
    for field in wire.fields():
        if field.wire != BYTES or field.number in _NUMBERS_OR_NAME:
            continue
        if field.number == EXTERNAL:
            note_external(wire, field, record)
        elif field.number in (RAW, STRINGS):
            if not may_begin(wire.raw(field, 16)):
                continue
            part = window.part(field.start, field.end - field.start)
            judge_bytes(part, "a tensor", record, offset=field.start)
        else:
            judge_field(wire, field, f"field {field.number}", record)
    record.understood(0, window.size_bytes)


def _few(wire: Wire) -> list[Field]:
    """All fields, strings given by their first only; none where one is not of a tensor."""
    fields: list[Field] = []
    strings = 0
    for field in wire.fields():
        if field.number not in KNOWN or len(fields) > TOP_FIELDS:
            return []
        if field.number == STRINGS:
            strings += 1
            if strings > 1:
                continue
        fields.append(field)
    return fields


def _is_tensor(wire: Wire, fields: list[Field]) -> bool:
    types = [field for field in fields if field.number == TYPE]
    if len(types) != 1 or types[0].wire != VARINT or not 1 <= types[0].value <= TYPES:
        return False
    elements = _elements(wire, [field for field in fields if field.number == DIMS])
    raw = [field for field in fields if field.number == RAW]
    if elements < 0 or any(field.wire != BYTES for field in raw):
        return False
    if len(raw) == 1 and types[0].value in BITS:
        return raw[0].end - raw[0].start == (elements * BITS[types[0].value] + 7) // 8
    if types[0].value == STRING:
        return not raw
    numbers = [field for field in fields if field.number in NUMBERS]
    outside = any(field.number == EXTERNAL for field in fields)
    return not raw and (outside or not elements or bool(numbers))


def _elements(wire: Wire, dims: list[Field]) -> int:
    """How many elements the shape gives; -1 where it is not valid."""
    elements = count = 0
    for field in dims:
        values = [field.value] if field.wire == VARINT else list(wire.packed(field))
        for value in values:
            elements = value if not count else elements * value
            count += 1
            if count > MOST_DIMS or value >= 1 << 62:
                return -1
    return elements if count else 1
