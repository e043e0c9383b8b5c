"""Notebooks: their cells are not judged as programs, but for what fetches code and runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.artifacts.program_text import HIDDEN, SHELL, note_program
from mlsec.artifacts.recorder import Recorder
from mlsec.core.closed_sets import GapReason

MOST_CELLS = 10_000


def is_notebook(value: Any) -> bool:
    """Whether a JSON document is a notebook of Jupyter."""
    return isinstance(value, Mapping) and "nbformat" in value and "cells" in value


def judge_notebook(value: Mapping[str, Any], record: Recorder) -> None:
    """Note cells that fetch and run code, hide it, or give shells away; others are a gap."""
    record.hole(GapReason.UNSUPPORTED, "a notebook: its cells are code that nobody judges here")
    for number, text in enumerate(_cells(value)):
        data = text.encode("utf-8", "replace")
        if found := SHELL.search(data) or HIDDEN.search(data):
            note_program(record, found, f"cell {number} of the notebook")
            return


def _cells(value: Mapping[str, Any]) -> Iterator[str]:
    cells = value["cells"]
    for cell in cells[:MOST_CELLS] if isinstance(cells, list) else ():
        if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        lines = source if isinstance(source, list) else [source]
        yield "".join(line for line in lines if isinstance(line, str))
