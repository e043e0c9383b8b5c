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
    """Account for it as far as it is text in any encoding; what is not stays unaccounted.

    Nothing that is loaded lies in letters alone: text ends where a control character stands.
    """
    at = 0
    for block in window.blocks():
        record.budget.check_time()
        if bad := CONTROL.search(block):
            record.understood(0, at + bad.start())
            return
        at += len(block)
    record.understood(0, at)
