"""Reads LightGBM models: a text of keys and values, tree after tree."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.trees.lightgbm_parameters import PARAMETER, judge_parameter
from mlsec.artifacts.formats.trees.lightgbm_trees import Trees
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

_START = regex(rb"tree\r?\n(?:version=(?P<version>v\d+)|num_class=)")
# What a line of a model can be: a key with a value, a heading, a parameter in brackets.
_LINE = regex(
    rb"(?:tree|average_output|end of (?:trees|parameters)|feature[_ ]importances:|parameters:"
    rb"|[\w-]+=[^\x00-\x08]*"
    rb"|\[[\w-]+: [^\x00-\x08]*\]|pandas_categorical:[^\x00-\x08]*|)\r?\Z"
)
# How often a feature was split on; its name may hold any character but control characters.
_IMPORTANCE = regex(rb"(?P<name>[^\x00-\x1f\x7f]{1,1000})=\d{1,19}(?:\.\d{1,19})?\r?\Z")
_HEADING = regex(rb"feature[_ ]importances:\r?\Z")
_NUMBERS = regex(rb"[\w-]+=[\d .+-]|\Z")
LONGEST_TEXT = 1 << 20
_NOTED = 5
LONGEST_LINE = 64 << 20


def sniff_lightgbm(head: bytes, _window: Window) -> bool:
    """Whether a file starts as LightGBM writes its models."""
    return bool(_START.match(head))


def read_lightgbm(window: Window, record: Recorder) -> None:
    """Check that every line is one that LightGBM writes.

    Raises:
        OverLimitError: a line longer than 64 MiB.
    """
    match = _START.match(window.read(0, 100))
    record.property("producer", "lightgbm")
    if match is not None and match.group("version"):
        record.property("format_version", match.group("version").decode("ascii"))
    at, rest, trees = 0, b"", Trees(record)
    strange = 0
    # Between the heading of the importances and the empty line behind them.
    has_names = False
    for block in window.blocks():
        record.budget.check_time()
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            strange += _judge(line, at, record, strange, has_names=has_names)
            trees.line(line, at)
            has_names = bool(_HEADING.match(line) or (has_names and line.strip()))
            at += len(line) + 1
        if len(rest) > LONGEST_LINE:
            record.understood(at, window.size_bytes)
            raise OverLimitError(f"a line at {at} is longer than {LONGEST_LINE} bytes")
    strange += _judge(rest, at, record, strange, has_names=has_names)
    trees.line(rest, at)
    trees.finish()
    if not strange:
        record.understood(0, window.size_bytes)


def _judge(line: bytes, at: int, record: Recorder, strange: int, *, has_names: bool) -> int:
    """Note a line that LightGBM does not write; gives whether it is one."""
    if has_names and not _LINE.match(line) and (feature := _IMPORTANCE.match(line)):
        record.understood(at, at + len(line) + 1)
        name = feature["name"].decode("utf-8", "replace")
        judge_metadata(name, "the name of a feature", record, offset=at)
        return 0
    if _LINE.match(line) or _is_text_of_names(line):
        record.understood(at, at + len(line) + 1)
        if not _NUMBERS.match(line):
            record.in_part(f"the line at {at}", LONGEST_TEXT, len(line))
            key, _, value = line[:LONGEST_TEXT].decode("utf-8", "replace").partition("=")
            judge_metadata(value or key, key[:60], record, offset=at)
            if match := PARAMETER.match(key):
                judge_parameter(match["name"], match["value"].strip(), record, at)
        return 0
    if strange < _NOTED:
        detail = "a line that LightGBM does not write"
        shown = line[:60].decode("utf-8", "replace")
        record.fact(FactKind.UNACCOUNTED_BYTES, shown, detail, offset=at, danger=Severity.MEDIUM)
    return 1


def _is_text_of_names(line: bytes) -> bool:
    """Names of features may hold any character but control characters, after their key."""
    return line.startswith((b"feature_names=", b"feature_infos=", b"monotone_constraints="))
