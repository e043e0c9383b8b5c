"""Shards of a TensorFlow checkpoint: bare numbers, which only the index beside them explains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from mlsec.artifacts.bytes.protobuf import BYTES, VARINT, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.pointers import sniff_pointer
from mlsec.artifacts.content.unaccounted_bytes import GAPS, search
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import DANGERS, Fact, FactKind, Format, Inspection, InspectionGap
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.spans import Spans
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex

SHARD = regex(r"(?P<prefix>.*)\.data-(?P<number>\d{5})-of-(?P<shards>\d{5})\Z", re.DOTALL)
NEEDS_INDEX = "bare numbers: only an index beside them can say what they are"
FINGERPRINT_BYTES = 1024
# FingerprintDef: five hashes, the version of the format, a UUID as text.
_HASHES, _VERSION, _UUID = range(1, 6), 6, 7
_UUID_TEXT = regex(rb"[\w-]{0,64}\Z")


def sniff_shard(head: bytes, window: Window) -> bool:
    """Whether the name is that of a shard: its bytes do not say."""
    return bool(SHARD.match(window.name)) and not sniff_pointer(head, window)


def read_shard(window: Window, record: Recorder) -> None:
    """Search the first bytes for what could be loaded, and leave the rest to the index.

    Its gap is closed by ``settled`` where the index lies beside it.
    """
    search(window, record)
    record.understood(0, window.size_bytes)
    record.gap(GapReason.UNRESOLVED, NEEDS_INDEX, size_bytes=window.size_bytes)


def sniff_fingerprint(_head: bytes, window: Window) -> bool:
    """Whether the file is the fingerprint.pb of a SavedModel, by its name and every field."""
    is_named = PurePosixPath(window.name).name == "fingerprint.pb"
    if not is_named or window.size_bytes > FINGERPRINT_BYTES:
        return False
    wire = Wire(window)
    for field in wire.fields():
        if field.number in _HASHES and field.wire == VARINT:
            continue
        if field.number == _UUID and field.wire == BYTES and _UUID_TEXT.match(wire.raw(field)):
            continue
        if field.number != _VERSION or field.wire != BYTES:
            return False
        if any(inner.wire != VARINT for inner in wire.inside(field)):
            return False
    return True


def read_fingerprint(window: Window, record: Recorder) -> None:
    """All of it was read to recognise it."""
    record.understood(0, window.size_bytes)


def settled(files: Mapping[str, Inspection]) -> dict[str, Inspection]:
    """Account for shards by the indexes that lie beside them.

    Args:
        files: all files that were read, by path.

    Returns:
        The same files. A shard with a sound index has no gap any more, and a fact for all bytes
        that are no tensor's; what its tensors hold are numbers and was not looked at.
    """
    result = dict(files)
    for path, inspection in files.items():
        name = SHARD.match(path)
        if name is None or inspection.formats[0] is not Format.TENSOR_BUNDLE:
            continue
        index = files.get(f"{name['prefix']}.index")
        if index is None or not _is_sound(index, int(name["shards"])):
            continue
        spans = spans_of(index.properties, int(name["number"]))
        result[path] = _settle(inspection, spans)
    return result


def _is_sound(index: Inspection, shards: int) -> bool:
    """Whether an index was read whole and speaks of as many shards."""
    is_whole = index.formats[0] is Format.TENSOR_BUNDLE and not index.gaps
    return is_whole and index.properties.get("shards") == shards


def spans_of(properties: Mapping[str, Any], number: int) -> list[tuple[int, int]]:
    """The bytes [start, end) of one shard that the index accounts for, in order."""
    return [(start, end) for shard, start, end in properties["shard_spans"] if shard == number]


def _settle(shard: Inspection, spans: list[tuple[int, int]]) -> Inspection:
    facts = list(shard.facts)
    gaps = [gap for gap in shard.gaps if gap.detail != NEEDS_INDEX]
    for kind, offset, subject, detail in judged(spans, shard.size_bytes):
        facts.append(
            Fact(kind=kind, danger=DANGERS[kind], offset=offset, subject=subject, detail=detail)
        )
        if kind is FactKind.BROKEN:
            gaps.append(InspectionGap(reason=ArtifactError.reason, start=offset, detail=detail))
    return msgspec.structs.replace(shard, facts=tuple(facts), gaps=tuple(gaps))


def judged(spans: list[tuple[int, int]], size_bytes: int) -> list[tuple[FactKind, int, str, str]]:
    """What a shard of ``size_bytes`` has that its index does not explain, and the other way round.

    Returns:
        Facts as (kind, offset, subject, detail).
    """
    covered = Spans()
    for start, end in spans:
        covered.add(start, end)
    gaps = list(covered.gaps(size_bytes))
    result = [
        (
            FactKind.UNACCOUNTED_BYTES, start, f"{end - start} bytes",
            "belong to no tensor of the index",
        )
        for start, end in gaps[:GAPS]
    ]  # fmt: skip
    if len(gaps) > GAPS:
        detail = f"more than {GAPS} gaps between the tensors; this is the next one"
        result.append((FactKind.NOT_FULLY_READ, gaps[GAPS][0], "", detail))
    last = max((end for _, end in spans), default=0)
    if last > size_bytes:
        detail = f"the tensors of the index end {last - size_bytes} bytes beyond the file"
        result.append((FactKind.BROKEN, size_bytes, "truncated", detail))
    return result
