"""Files ending in .pth that are text: Python runs each line in them that begins with import."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import read_text, sniff_text
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.regex import regex

SEARCHED_BYTES = 1 << 20
# Python reads the lines as text: a carriage return ends one as well, and from 3.13 on a byte order
# mark before the first is left out.
_RUN = regex(rb"(?:^|\r|\A\xef\xbb\xbf)(import[ \t][^\r\n]{0,200})", re.MULTILINE)


def sniff_start_file(head: bytes, window: Window) -> bool:
    """Whether a text is named .pth and has a line that Python would run when it starts."""
    is_named = PurePosixPath(window.name).suffix.lower() == ".pth"
    if not is_named or not sniff_text(head, window):
        return False
    return bool(_RUN.search(head) or _RUN.search(window.read(0, SEARCHED_BYTES)))


def read_start_file(window: Window, record: Recorder) -> None:
    """Note the first such line. Where the file is unpacked among packages, it runs at every start.

    Source: the documentation of Python's module site.
    """
    read_text(window, record)
    record.in_part("the text", SEARCHED_BYTES, window.size_bytes)
    if match := _RUN.search(window.read(0, SEARCHED_BYTES)):
        line = match[1].decode("utf-8", "replace")
        detail = "a line that Python runs when it starts, where the file lies among its packages"
        record.fact(FactKind.EMBEDDED_CODE, line, detail, offset=match.start(1))
