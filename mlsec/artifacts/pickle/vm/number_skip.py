"""The skip over plain numbers: a batch of them for a container of which enough is known already.

Nothing of such a batch is kept, the stack is as before, and no memo entry is read or written: so
to pass it is the same as to follow it. The expressions are possessive, so that what was passed is
never tried again.
"""

from __future__ import annotations

import re
from functools import cache

# Whole opcodes that push a number, a truth value or None, and can neither fail nor do more.
_NUMBERS = (
    rb"K.|J.{4}(?:J.{4}J.{4}J.{4}J.{4}J.{4}J.{4}J.{4}|)|G.{8}(?:G.{8}G.{8}G.{8}G.{8}G.{8}G.{8}G.{8}|)"
    rb"|M..|[N\x88\x89]|I-?[0-9]{1,18}\n|F-?[0-9]{1,18}(?:\.[0-9]{1,18})?\n"
)


@cache
def batch_of_numbers() -> re.Pattern[bytes]:
    """From a MARK to the opcode that puts all numbers since into the container below."""
    return re.compile(rb"\((?:" + _NUMBERS + rb"|(?!))*+[eu\x90]", re.DOTALL)


@cache
def appended_numbers() -> re.Pattern[bytes]:
    """Numbers that are appended one by one, as protocol 0 writes a list."""
    return re.compile(rb"(?:(?:" + _NUMBERS + rb")a|(?!))++", re.DOTALL)
