"""Recognises Python files by their first lines; the checks are imported only when needed."""

from __future__ import annotations

import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import sniff_text
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.regex import regex

MOST_BYTES = 4 << 20
_START = regex(
    rb"^(?:import [A-Za-z_][\w., ]*(?:#.*)?|from [\w.]+ import [\w(*].*|def \w+\(.*"
    rb"|class \w+\s*[(:].*|if __name__ ==.*|(?:__import__|exec|eval)\(.*)\r?$",
    re.MULTILINE,
)


def sniff_python(head: bytes, window: Window) -> bool:
    """Whether a text is Python: by its name, or because it parses and imports or defines."""
    is_named = window.name.lower().endswith((".py", ".pyw", ".pyi"))
    if not sniff_text(head, window):
        # Python reads other encodings too, where the first lines name them, and odd characters.
        return is_named and b"\0" not in head and _parses(window)
    if is_named:
        return True
    if head.startswith(b"#!") and b"python" in head[:80]:
        return True
    return bool(_START.search(head)) and window.size_bytes <= MOST_BYTES and _parses(window)


def _parses(window: Window) -> bool:
    from mlsec.artifacts.python.syntax import tree_of  # noqa: PLC0415 - it loads much

    try:
        tree_of(window.read(0, MOST_BYTES))
    except (SyntaxError, OverLimitError):
        return False
    return True


def read_python(window: Window, record: Recorder) -> None:
    """Judge a Python file.

    Raises:
        OverLimitError: longer than 4 MiB, or nested too deep.
    """
    from mlsec.artifacts.python.code import judge_python  # noqa: PLC0415 - as above

    judge_python(window, record)
