"""Phase 1: walk a stream at the speed of the regular expression engine, to see if it can act."""

from __future__ import annotations

import contextlib

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.opcodes import ARGUMENTS, FRAME, INTERESTING, STOP, Argument
from mlsec.artifacts.pickle.patterns import data_run
from mlsec.artifacts.pickle.tape import Tape, Watch
from mlsec.artifacts.pickle.weigh import Weigh

# The C loader allocates 16 bytes for each memo entry up to the highest; below this no harm is done.
FAR_INDEX = 1 << 22
_AGAIN, _PUT = frozenset(b"hjg2"), frozenset(b"qrp")
_LENGTH_BYTES = {Argument.COUNTED_1: 1, Argument.COUNTED_4: 4, Argument.COUNTED_8: 8}


class Skim(msgspec.Struct, frozen=True, kw_only=True):
    """Where skimming ended: after STOP, at an opcode that can act, or at bytes that are none.

    ``reads``: a container may be taken a second time. ``far`` is the highest memo index that no
    pickler would come to, or 0.
    """

    end: int
    is_data: bool = False
    error: str = ""
    reads: bool = False
    far: int = 0


def skim(window: Window, start: int, budget: Budget, watch: Watch | None = None) -> Skim:
    """Skip plain data from ``start`` to the stream's STOP, or to the first opcode that can act."""
    return _Skimmer(window, start, budget, watch).skim()


class _Skimmer:
    """One walk: ``run`` is the pattern in use, until ``until`` (an offset) is reached."""

    def __init__(self, window: Window, start: int, budget: Budget, watch: Watch | None) -> None:
        self.tape = Tape(window, start, watch)
        self.start = start
        self.budget = budget
        self.most = max(FAR_INDEX, window.size_bytes)
        self.far = 0
        self.is_first = True
        self.reads = False
        self.until = window.size_bytes
        self.run = data_run(self.most >> 16, reads=False)
        self.after = self.run

    def skim(self) -> Skim:
        tape, position = self.tape, 0
        while True:
            if position >= tape.soft:
                if tape.base + position >= tape.window.size_bytes:
                    return Skim(end=tape.window.size_bytes, error="the stream has no end")
                self.budget.check_time()
                tape.seek(tape.base + position)
                position = 0
            matched = self.run.match(tape.block, position, max(position, self.until - tape.base))
            position = matched.end() if matched else position
            if tape.base + position >= self.until:
                self.run, self.until = self.after, tape.window.size_bytes + 1
                continue
            if position >= tape.soft:
                continue
            code, offset = tape.block[position], tape.base + position
            if code == STOP:
                return Skim(end=offset + 1, is_data=True, reads=self.reads, far=self.far)
            if code in _AGAIN and not self.reads:
                self._read_again()
                continue
            if code in INTERESTING:
                return Skim(end=offset)
            if code not in ARGUMENTS:
                return Skim(end=offset, error=f"byte 0x{code:02x} is no opcode")
            try:
                position = self._pass(position, code)
            except ArtifactError as error:
                return Skim(end=offset, error=error.message)

    def _read_again(self) -> None:
        """A value is taken a second time: learn what may be, or let it be and tell of it."""
        window, anything = self.tape.window, data_run(self.most >> 16, reads=True)
        settled = None
        if self.is_first:
            weigh = Weigh(window, [(self.start, window.size_bytes)], self.budget)
            with contextlib.suppress(IndexError, ArtifactError):
                settled = weigh.rest(self.most >> 16, acts=False)
        self.is_first = False
        self.reads = settled is None
        self.run = anything
        if settled is not None:
            self.after, self.until = settled, weigh.reached

    def _pass(self, position: int, code: int) -> int:
        if code not in _PUT:
            return _step(self.tape, position, code)
        index, position = _put(self.tape, position)
        self.far = max(self.far, index) if index > self.most else self.far
        if not self.is_first and not self.reads and index <= self.most:
            # Not far: it writes over an entry that others read.
            self.reads, self.run = True, data_run(self.most >> 16, reads=True)
        return position


def _put(tape: Tape, position: int) -> tuple[int, int]:
    """The index of a PUT, and where the opcode after it is."""
    code = tape.block[position]
    if code in b"qr":
        width = 1 if code == ord("q") else 4
        index = int.from_bytes(tape.block[position + 1 : position + 1 + width], "little")
        return index, position + 1 + width
    line, end = tape.line(position + 1)
    return int(read_index(line)), end


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
