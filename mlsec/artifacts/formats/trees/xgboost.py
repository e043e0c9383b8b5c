"""Reads XGBoost models: JSON, UBJSON, and the old binary form, which is only recognised."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import MOST_BYTES, read_json, walk
from mlsec.artifacts.content.plain_text import read_text
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.trees.ubjson import MOST_TEXTS, Ubjson
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

_JSON = regex(rb'\s*\{\s*"(?:learner"\s*:\s*\{|version"\s*:\s*\[[\d, ]*\]\s*,\s*"learner")')
_UBJSON = regex(rb"\{(?:L\0{7}|l\0{3}|I\0|[iU])(?:\x07learner\{|\x07version\[|\x06Config\{)")
_OLD = (b"binf", b"bs64")
# Counts that XGBoost writes as texts, and the most that one can honestly be: its indexes of
# features and nodes have 31 bits.
_COUNTS = frozenset(
    """num_feature num_class num_target num_trees num_nodes num_parallel_tree num_deleted
    size_leaf_vector num_boosting_rounds num_pairsample ndcg_truncation num_roots""".split()  # noqa: SIM905
)
MOST_COUNTED = 1 << 30


def judge_size(path: str, text: str, record: Recorder) -> None:
    """Note a count for which the library would make room, and for which no memory has it."""
    name = path.rpartition(".")[2]
    if name in _COUNTS and len(text) < 40 and text.lstrip("-").isdecimal():
        count = int(text)
        if count > MOST_COUNTED:
            detail = f"{name} declares {count}, for which the library makes room"
            record.fact(FactKind.BOMB, name, detail, danger=Severity.MEDIUM)
        elif count < 0:
            record.fact(FactKind.BROKEN, name, f"{name} is {count}: a count below zero")


def sniff_xgboost(head: bytes, _window: Window) -> bool:
    """Whether a file is a binary XGBoost model."""
    return bool(_UBJSON.match(head)) or head.startswith(_OLD)


def read_xgboost(window: Window, record: Recorder) -> None:
    """Walk the model's values; in the old form nothing says where they end.

    Raises:
        ArtifactError: broken UBJSON.
    """
    record.property("producer", "xgboost")
    if window.read(0, 4) in _OLD:
        record.understood(0, window.size_bytes)
        detail = "the old binary form of XGBoost has no marks to check: not read"
        record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
        return
    document = Ubjson(window, record.budget)
    end = document.read()
    for key in list(document.keys_twice)[:20]:
        detail = "this key comes twice in one object, and readers differ on which one counts"
        record.fact(FactKind.TWO_READINGS, key, detail)
    for path, text in document.texts:
        judge_metadata(text, path, record)
        judge_size(path, text, record)
        if path == ".learner.objective.name":
            record.property("objective", text[:80])
    for at, length in document.long_texts:
        search_inside(window.part(at, length), record, f"the text at {at}")
    if document.texts_left:
        detail = f"{document.texts_left} texts were not looked at, beyond the first {MOST_TEXTS}"
        record.unread(GapReason.OVER_LIMIT, detail)
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
        search_inside(window, record, "an XGBoost model longer than is parsed")
        record.in_part("an XGBoost model longer than is parsed", 0, window.size_bytes)
        return
    record.understood(0, window.size_bytes)
    value = read_json(window.read(0, MOST_BYTES), record)
    learner = value.get("learner") if isinstance(value, Mapping) else None
    for path, text in walk(learner):
        if isinstance(text, str):
            judge_metadata(text, path, record)
            judge_size(path, text, record)
