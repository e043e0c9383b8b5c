"""Judges an answer of a reading process: one that runs foreign code may answer anything."""

from __future__ import annotations

from typing import Any

from mlsec.artifacts.facts import Inspection

# Deeper than any reader nests what it found, and far from where encoders give up.
DEPTH = 32


def is_plausible(inspection: Inspection) -> bool:
    """Whether everything in it can be stored and shown: plain values, not deeply nested."""
    return _is_plain(dict(inspection.properties), DEPTH)


def _is_plain(value: Any, depth: int) -> bool:
    if value is None or isinstance(value, str | int | float | bytes):
        return True
    if not depth:
        return False
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(value[key], depth - 1) for key in value)
    return isinstance(value, list | tuple) and all(_is_plain(item, depth - 1) for item in value)
