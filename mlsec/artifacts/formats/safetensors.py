"""Reads the header of a safetensors file; the bytes of its tensors are never touched."""

# Why not the safetensors package: it wants a path or the whole file in memory, and refuses with
# one error where every overlap, hole and duplicate key is reported here.

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.artifacts.archives.member_names import danger_of_tensor
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import plain_key, read_json
from mlsec.artifacts.embedded.contents import judge_beginnings
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# Bits an element takes. Source: the Dtype of the safetensors library, 0.8.
BITS = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E4M3FN"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
_PREFIX = 8
_NOTED = 20


class Span(msgspec.Struct, frozen=True, order=True):
    """Bytes [start, end) of the data, and whose they are."""

    start: int
    end: int
    name: str


def sniff_safetensors(head: bytes, window: Window) -> bool:
    """Whether a length and a JSON object stand at the beginning.

    Eight printable characters are no length that a file could have: that is a text.
    """
    start = head[_PREFIX:]
    if start.startswith((b"\xef\xbb\xbf{", b"\xff\xfe{\0", b"\xfe\xff\0{")):
        # No loader takes a mark before the header, but the intended format is reported.
        return 0 < int.from_bytes(head[:_PREFIX], "little") <= window.size_bytes
    inner = start.lstrip(b" \t\r\n")
    if inner[:1] != b"{" or inner[1:2].strip() not in {b"", b'"', b"}"}:
        return False
    return not all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head[:_PREFIX])


def read_safetensors(window: Window, record: Recorder) -> None:
    """Check the header as a strict loader does, and account for all bytes behind it.

    Raises:
        ArtifactError: a length beyond the file, a header that is not a JSON object.
        OverLimitError: a header over the cap.
    """
    length = int.from_bytes(window.exactly(0, _PREFIX), "little")
    if length > record.limits.header_bytes:
        raise OverLimitError(
            f"a header of {length} bytes is over the cap of {record.limits.header_bytes}"
        )
    raw = window.exactly(_PREFIX, length)
    if raw[:1] != b"{":
        record.fact(FactKind.BROKEN, "header", "the header does not start with a brace", offset=8)
    record.understood(0, _PREFIX + length)
    header = read_json(raw, record, offset=_PREFIX)
    if not isinstance(header, Mapping):
        raise ArtifactError("the header is not a JSON object")
    spans = sorted(_spans(header, record))
    record.property("tensors", len(spans))
    base = _PREFIX + length
    _check_order(spans, window.size_bytes - base, record, base)
    judge_beginnings(window, [(base + span.start, span.end - span.start) for span in spans], record)


def _spans(header: Mapping[str, Any], record: Recorder) -> Iterator[Span]:
    broken = unsafe = 0
    for key, value in header.items():
        name = plain_key(key)
        if name == "__metadata__":
            _metadata(value, record)
            continue
        if why := danger_of_tensor(name):
            unsafe += 1
            if unsafe <= _NOTED:
                kind = FactKind.UNSAFE_MEMBER_NAME
                record.fact(kind, name, why, danger=Severity.MEDIUM)
        try:
            yield _span(name, value)
        except ArtifactError as error:
            broken += 1
            if broken <= _NOTED:
                record.fact(FactKind.BROKEN, name, error.message)


def _span(name: str, value: Any) -> Span:
    if not isinstance(value, Mapping):
        raise ArtifactError("a tensor is described by an object, this is none")
    offsets, shape, dtype = (value.get(key) for key in ("data_offsets", "shape", "dtype"))
    if (
        not isinstance(offsets, list)
        or not isinstance(shape, list)
        or not isinstance(dtype, str)
        or not all(map(_is_count, (*offsets, *shape)))
    ):
        raise ArtifactError("dtype, shape and data_offsets are a text and two lists of numbers")
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ArtifactError(f"data_offsets {offsets!r:.60} are no start and end")
    bits = BITS.get(dtype)
    if bits is None:
        raise ArtifactError(f"the dtype {dtype!r:.40} is unknown")
    if math.prod(shape[:64]) * bits != (offsets[1] - offsets[0]) * 8:
        raise ArtifactError(f"shape {shape!r:.60} of {dtype} does not fill its bytes")
    return Span(offsets[0], offsets[1], name)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _metadata(value: Any, record: Recorder) -> None:
    if not isinstance(value, Mapping):
        record.fact(FactKind.BROKEN, "__metadata__", "the metadata are no object")
        return
    for key, text in value.items():
        if not isinstance(text, str):
            record.fact(FactKind.BROKEN, key, "metadata hold texts only, this is none")
            continue
        if key.lower() in {"license", "licence"}:
            record.property("license", text[:200])
        elif key == "format":
            record.property("producer", text[:40])
        judge_metadata(text, key, record)


def _check_order(spans: list[Span], data_bytes: int, record: Recorder, base: int) -> None:
    """Note overlaps, and say which bytes the tensors account for."""
    noted = 0
    reached = 0
    for before, after in itertools.pairwise([Span(0, 0, ""), *spans]):
        if after.start < before.end and after.start < after.end and noted < _NOTED:
            noted += 1
            detail = f"its bytes are also those of {before.name!r:.80}"
            record.fact(FactKind.TWO_READINGS, after.name, detail, offset=base + after.start)
        if after.start > reached and noted < _NOTED:
            noted += 1
            detail = "bytes before this tensor belong to none, which loaders refuse"
            record.fact(FactKind.UNACCOUNTED_BYTES, after.name, detail, offset=base + reached)
        reached = max(reached, after.end)
        record.understood(base + after.start, base + min(after.end, data_bytes))
    if reached > data_bytes:
        detail = f"the tensors end {reached - data_bytes} bytes beyond the file"
        record.fact(FactKind.BROKEN, "truncated", detail)
        record.gap(ArtifactError.reason, detail, start=base + data_bytes)
