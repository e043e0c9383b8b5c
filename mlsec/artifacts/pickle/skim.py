"""Phase 1: walk a stream at the speed of the regular expression engine, to see if it can act."""

from __future__ import annotations

import msgspec

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.opcodes import ARGUMENTS, FRAME, INTERESTING, STOP, Argument
from mlsec.artifacts.pickle.patterns import data_run
from mlsec.artifacts.pickle.tape import Tape, Watch
from mlsec.artifacts.window import Window

_LENGTH_BYTES = {Argument.COUNTED_1: 1, Argument.COUNTED_4: 4, Argument.COUNTED_8: 8}


class Skim(msgspec.Struct, frozen=True, kw_only=True):
    """Where skimming ended: after STOP, at an opcode that can act, or at bytes that are none."""

    end: int
    is_data: bool = False
    error: str = ""


def skim(window: Window, start: int, budget: Budget, watch: Watch | None = None) -> Skim:
    """Skip plain data from ``start`` to the stream's STOP, or to the first opcode that can act."""
    tape, position, run = Tape(window, start, watch), 0, data_run()
    while True:
        if position >= tape.soft:
            if tape.base + position >= window.size_bytes:
                return Skim(end=window.size_bytes, error="the stream has no end")
            budget.check_time()
            tape.seek(tape.base + position)
            position = 0
        matched = run.match(tape.block, position)
        position = matched.end() if matched else position
        if position >= tape.soft:
            continue
        code, offset = tape.block[position], tape.base + position
        if code == STOP:
            return Skim(end=offset + 1, is_data=True)
        if code in INTERESTING:
            return Skim(end=offset)
        if code not in ARGUMENTS:
            return Skim(end=offset, error=f"byte 0x{code:02x} is no opcode")
        try:
            position = _step(tape, position, code)
        except ArtifactError as error:
            return Skim(end=offset, error=error.message)


def _step(tape: Tape, position: int, code: int) -> int:
    """Pass one data opcode that the expression leaves: a long payload, a long line, a frame."""
    argument = ARGUMENTS[code]
    if code == FRAME:
        return position + 9
    if argument is Argument.LINE:
        return tape.line(position + 1)[1]
    width = _LENGTH_BYTES.get(argument, 0)
    if not width:
        raise ArtifactError("the file ends inside an opcode")
    size_bytes = int.from_bytes(tape.block[position + 1 : position + 1 + width], "little")
    tape.counted(position + 1 + width, size_bytes, 0)
    return position + 1 + width + size_bytes
