"""Notebooks: their cells are searched only for code that is fetched and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.artifacts.content.program_text import HIDDEN, note_program, shell_in
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.core.enums import GapReason, Severity

_HIDES = (
    "put together at run time",
    "sends away",
    "Python's own machinery",
    "searches all classes",
)
MOST_CELLS = 10_000


def is_notebook(value: Any) -> bool:
    """Whether a JSON document is a notebook of Jupyter."""
    return isinstance(value, Mapping) and "nbformat" in value and "cells" in value


def judge_notebook(value: Mapping[str, Any], record: Recorder) -> None:
    """Note cells that fetch and run code, hide it, or give shells away; others are a gap."""
    record.gap(GapReason.UNSUPPORTED, "a notebook: its cells are code that nobody judges here")
    for number, text in enumerate(_cells(value)):
        data = text.encode("utf-8", "replace")
        if result := shell_in(data) or HIDDEN.search(data):
            note_program(record, result, f"cell {number} of the notebook")
            return
    _judge_hidden("\n".join(map(_plain, _cells(value))), record)


def _plain(cell: str) -> str:
    """A cell without the lines that are not Python; empty where the rest is not Python either."""
    from mlsec.artifacts.python.syntax import tree_of  # noqa: PLC0415 - it loads much

    lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("!", "%", "?"))]
    text = "\n".join(lines)
    try:
        tree_of(text.encode("utf-8", "replace"))
    except (SyntaxError, OverLimitError):
        return ""
    return text


def _judge_hidden(text: str, record: Recorder) -> None:
    """Note what hides a name, or sends keys away; commands are what a notebook is written for."""
    from mlsec.artifacts.python.syntax import tree_of  # noqa: PLC0415 - as above
    from mlsec.artifacts.python.walk import PythonWalk  # noqa: PLC0415 - as above

    ledger = Ledger()
    try:
        tree = tree_of(text.encode("utf-8", "replace"))
    except (SyntaxError, OverLimitError):
        return
    PythonWalk(tree, Recorder(record.budget, ledger, record.descend), "main").read()
    for fact in ledger.facts:
        if any(sign in fact.detail for sign in _HIDES):
            record.fact(fact.kind, fact.subject, fact.detail, danger=Severity.MEDIUM)


def _cells(value: Mapping[str, Any]) -> Iterator[str]:
    cells = value["cells"]
    for cell in cells[:MOST_CELLS] if isinstance(cells, list) else ():
        if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        lines = source if isinstance(source, list) else [source]
        yield "".join(line for line in lines if isinstance(line, str))
