"""Weights for browsers: files of bare numbers, which a manifest of TensorFlow.js explains."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.facts import Format, Inspection
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

GROUPS = "weight_groups"
# Bytes of one number. Source: DTYPE_VALUE_SIZE_MAP of tfjs-core's io types; texts have no width.
_WIDTHS = {
    "float32": 4,
    "float16": 2,
    "int32": 4,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
}
_MOST_PATHS = 10_000


def is_weights_manifest(value: Any) -> bool:
    """Whether a JSON value says which files hold which weights, by itself or in a model."""
    return bool(_groups(value))


def judge_weights_manifest(value: Any, record: Recorder) -> None:
    """Note the files that a manifest names, and how many bytes each group of them must have."""
    groups, every = list[tuple[tuple[str, ...], int]](), list[str]()
    for group in _groups(value):
        paths = tuple(path for path in group["paths"] if isinstance(path, str))
        for path in paths[:_MOST_PATHS]:
            note_reference(record, path, "a file of weights")
        every += paths
        groups.append((paths, _size_of(group["weights"])))
    record.property("weight_files", tuple(every[:_MOST_PATHS]))
    record.property(GROUPS, tuple(groups))


def _groups(value: Any) -> list[Mapping[str, Any]]:
    listed = value.get("weightsManifest") if isinstance(value, Mapping) else value
    items = listed if isinstance(listed, list) else []
    are_groups = all(
        isinstance(item, Mapping)
        and isinstance(item.get("paths"), list)
        and isinstance(item.get("weights"), list)
        for item in items
    )
    return items if are_groups else []


def _size_of(weights: list[Any]) -> int:
    """How many bytes weights take one after the other; -1 where that is not known."""
    sizes = [_size_of_one(weight) for weight in weights]
    return -1 if -1 in sizes else sum(sizes)


def _size_of_one(weight: Any) -> int:
    if not isinstance(weight, Mapping) or not isinstance(shape := weight.get("shape"), list):
        return -1
    packed = weight.get("quantization")
    kind = packed.get("dtype") if isinstance(packed, Mapping) else weight.get("dtype")
    width = _WIDTHS.get(kind) if isinstance(kind, str) else None
    if width is None or not all(type(axis) is int and 0 <= axis < 1 << 40 for axis in shape):
        return -1
    return width * math.prod(shape[:16])


def accounted(files: Mapping[str, Inspection]) -> dict[str, Inspection]:
    """Account for files of weights by the manifests that lie beside them.

    Args:
        files: all files that were read, by path.

    Returns:
        Those that changed: no reader knew them, and together they have just as many bytes as the
        numbers that their manifest lists. What is buried in them was searched for and stays.
    """
    result = dict[str, Inspection]()
    for path, manifest in files.items():
        for names, size_bytes in manifest.properties.get(GROUPS, ()):
            beside = [str(PurePosixPath(path).parent / name) for name in names]
            shards = [files[name] for name in beside if name in files]
            if (
                len(shards) == len(names)
                and sum(shard.size_bytes for shard in shards) == size_bytes
            ):
                result.update(_closed(zip(beside, shards, strict=True)))
    return result


def _closed(files: Iterator[tuple[str, Inspection]]) -> Iterator[tuple[str, Inspection]]:
    for path, inspection in files:
        if inspection.formats == (Format.UNKNOWN,):
            gaps = (gap for gap in inspection.gaps if gap.reason is not GapReason.UNSUPPORTED)
            yield (
                path,
                msgspec.structs.replace(
                    inspection, formats=(Format.TFJS_WEIGHTS,), gaps=tuple(gaps)
                ),
            )
