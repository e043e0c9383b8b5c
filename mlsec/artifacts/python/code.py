"""Judges Python files that come with a model by their tree; they are never compiled or run."""

from __future__ import annotations

from pathlib import PurePosixPath

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import read_text
from mlsec.artifacts.content.program_text import PROGRAM, SHELL, note_program
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.python.syntax import tree_of
from mlsec.artifacts.python.walk import PythonWalk
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

MOST_BYTES = 4 << 20
_RUN_BY_PYTHON = frozenset({"sitecustomize.py", "usercustomize.py"})


def judge_python(window: Window, record: Recorder) -> None:
    """Note calls that run commands or code, reach the network, or hide what they call.

    Raises:
        OverLimitError: longer than 4 MiB, or nested too deep.
    """
    read_text(window, record)
    if window.size_bytes > MOST_BYTES:
        raise OverLimitError(f"{window.size_bytes} bytes of Python are over {MOST_BYTES}")
    data = window.read(0, MOST_BYTES)
    try:
        tree = tree_of(data)
    except SyntaxError as error:
        detail = f"does not parse, so it was not judged: {error.msg}"
        record.fact(FactKind.NOT_FULLY_READ, "python", detail, danger=Severity.LOW)
        record.gap(OverLimitError.reason, detail)
        if match := PROGRAM.search(data) or SHELL.search(data):
            note_program(record, match, "what does not parse")
        return
    record.understood(0, window.size_bytes)
    if PurePosixPath(window.name).name in _RUN_BY_PYTHON:
        detail = "is run by every Python that starts where it lies"
        record.fact(FactKind.CUSTOM_CODE, window.name, detail)
    PythonWalk(tree, record).read()
