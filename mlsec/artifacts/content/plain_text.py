"""Plain text: readable files that no other format explains."""

from __future__ import annotations

import codecs
import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.recorder import Recorder

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff_text(head: bytes, window: Window) -> bool:
    """Whether the first bytes are UTF-8 without control characters."""
    if not head or CONTROL.search(head):
        return False
    try:
        # Not final: the head may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(head, len(head) == window.size_bytes)
    except UnicodeDecodeError:
        return False
    return True


def read_text(window: Window, record: Recorder) -> None:
    """Account for it as far as it is text; what is not stays unaccounted."""
    decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
    for block in window.blocks():
        record.budget.check_time()
        bad = CONTROL.search(block)
        try:
            decoder.decode(block if bad is None else block[: bad.start()])
        except UnicodeDecodeError as error:
            record.understood(0, at + error.start)
            return
        if bad:
            record.understood(0, at + bad.start())
            return
        at += len(block)
    record.understood(0, at)
