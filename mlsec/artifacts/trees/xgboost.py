"""Reads XGBoost models: JSON, UBJSON, and the old binary form, which is only recognised."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.json_text import MOST_BYTES, read_json, walk
from mlsec.artifacts.metadata_text import judge_metadata
from mlsec.artifacts.plain_text import read_text
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.trees.ubjson import Ubjson
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import GapReason
from mlsec.core.regex import regex

_JSON = regex(rb'\s*\{\s*"(?:learner"\s*:\s*\{|version"\s*:\s*\[[\d, ]*\]\s*,\s*"learner")')
_UBJSON = regex(rb"\{(?:L\0{7}|l\0{3}|I\0|[iU])(?:\x07learner\{|\x07version\[|\x06Config\{)")
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


def sniff_xgboost_text(head: bytes, _window: Window) -> bool:
    """Whether a file is an XGBoost model as JSON."""
    return bool(_JSON.match(head))


def read_xgboost_text(window: Window, record: Recorder) -> None:
    """Read a model as JSON; one too long to be parsed whole is text throughout, and runs nothing.

    Raises:
        ArtifactError: no JSON.
    """
    record.property("producer", "xgboost")
    if window.size_bytes > MOST_BYTES:
        read_text(window, record)
        return
    record.understood(0, window.size_bytes)
    value = read_json(window.read(0, MOST_BYTES), record)
    learner = value.get("learner") if isinstance(value, Mapping) else None
    attributes = learner.get("attributes") if isinstance(learner, Mapping) else None
    for path, text in walk(attributes):
        if isinstance(text, str):
            judge_metadata(text, path, record)
