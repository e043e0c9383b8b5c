"""Walks a stream once more at the speed of the regular expression engine."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.opcodes import ARGUMENTS, STOP, Argument
from mlsec.artifacts.pickle.tape import Tape

# Parts of a window, [start, end), that hold opcodes; raw numbers may lie between them.
Spans = Sequence[tuple[int, int]]

# Taking a value a second time, and writing the memo by index: not passed for a long payload.
_REFUSED = frozenset(b"hjg2qrp")
_LENGTH_BYTES = {Argument.COUNTED_1: 1, Argument.COUNTED_4: 4, Argument.COUNTED_8: 8}


def passes(window: Window, spans: Spans, run: re.Pattern[bytes], budget: Budget) -> bool:
    """Whether a pattern passes every opcode of the spans, but for those with a long payload.

    A span ends early at STOP, and where the bytes are no opcode: there the loader ends too.
    """
    for first, last in spans:
        tape, position = Tape(window, first), 0
        while position >= 0 and tape.base + position < last:
            if position >= tape.soft:
                budget.check_time()
                tape.seek(tape.base + position)
                position = 0
            found = run.match(tape.block, position, min(tape.held, last - tape.base))
            position = found.end() if found else position
            if position < tape.soft and tape.base + position < last:
                if tape.block[position] in _REFUSED:
                    return False
                position = after_long(tape, position)
    return True


def index_of(operation: bytes) -> int:
    """The index that a GET or PUT names; -1 where it is none."""
    if operation[0] not in b"gp":
        return int.from_bytes(operation[1:], "little")
    try:
        return int(read_index(operation[1:-1]))
    except ArtifactError:
        return -1


def after_long(tape: Tape, position: int) -> int:
    """Where the opcode after one with a long payload is; -1 at STOP and where there is none."""
    code = tape.block[position]
    argument = ARGUMENTS.get(code)
    try:
        if argument is Argument.LINE:
            return tape.line(position + 1)[1]
        if argument is Argument.TWO_LINES:
            return tape.line(tape.line(position + 1)[1])[1]
        width = _LENGTH_BYTES.get(argument, 0) if argument else 0
        if code == STOP or not width:
            return -1
        size_bytes = int.from_bytes(tape.block[position + 1 : position + 1 + width], "little")
        tape.counted(position + 1 + width, size_bytes, 0)
    except ArtifactError:
        return -1
    return position + 1 + width + size_bytes
