"""Reads XGBoost models: JSON, UBJSON, and the old binary form, which is only recognised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.json_text import MOST_BYTES
from mlsec.artifacts.metadata_text import judge_metadata
from mlsec.artifacts.plain_text import read_text
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.trees.ubjson import Ubjson
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import GapReason

_JSON = re.compile(rb'\s*\{\s*"(?:learner"\s*:\s*\{|version"\s*:\s*\[[\d, ]*\]\s*,\s*"learner")')
_UBJSON = re.compile(rb"\{(?:L\0{7}|l\0{3}|I\0|[iU])(?:\x07learner\{|\x07version\[|\x06Config\{)")
_OLD = (b"binf", b"bs64")


def sniff_xgboost(head: bytes, _window: Window) -> bool:
    """Whether a file is a binary XGBoost model."""
    return bool(_UBJSON.match(head)) or head.startswith(_OLD)


def read_xgboost(window: Window, record: Recorder) -> None:
    """Walk the model's values; in the old form nothing tells where they end.

    Raises:
        ArtifactError: broken UBJSON.
    """
    record.property("producer", "xgboost")
    if window.read(0, 4) in _OLD:
        record.understood(0, window.size_bytes)
        detail = "the old binary form of XGBoost has no marks to check: not read"
        record.hole(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
        return
    document = Ubjson(window, record.budget)
    end = document.read()
    for key in list(document.keys_twice)[:20]:
        detail = "this key comes twice in one object, and readers differ on which one counts"
        record.fact(FactKind.TWO_READINGS, key, detail)
    for path, text in document.texts.items():
        judge_metadata(text, path, record)
    objective = document.texts.get(".learner.objective.name", "")
    record.property("objective", objective[:80])
    record.understood(0, end)


def sniff_xgboost_text(head: bytes, window: Window) -> bool:
    """Whether a file is an XGBoost model as JSON that is too long to be parsed whole.

    Shorter ones are read like any other JSON.
    """
    return window.size_bytes > MOST_BYTES and bool(_JSON.match(head))


def read_xgboost_text(window: Window, record: Recorder) -> None:
    """Account for a long model: it is text throughout, and XGBoost's JSON runs nothing."""
    record.property("producer", "xgboost")
    read_text(window, record)


def is_xgboost_json(value: Any) -> bool:
    """Whether a JSON value is an XGBoost model."""
    return isinstance(value, Mapping) and isinstance(value.get("learner"), Mapping)


def note_xgboost(_value: Any, record: Recorder) -> None:
    """Say what the document is; there is nothing in it that runs."""
    record.format(Format.XGBOOST)
    record.property("producer", "xgboost")
