"""The skip over streams of plain data, which cannot act whatever they hold.

A stream is plain data when every opcode up to its STOP is one of a fixed set that can neither
import, call, patch nor reach outside the stream; each is passed whole. Nothing is learned from what
was passed, and nothing depends on the values.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm.block_reader import BlockReader, Watch
from mlsec.artifacts.pickle.vm.literals import read_index
from mlsec.artifacts.pickle.vm.opcodes import ACTING, ARGUMENTS, FRAME, LENGTH_BYTES, STOP, Argument
from mlsec.artifacts.pickle.vm.plain_patterns import data_run, run_reading, stored, taken_again
from mlsec.artifacts.pickle.vm.rows import DIGITS, NUMBER_BYTES, ROW_BYTES, row_in

# The C loader allocates 16 bytes for each memo entry up to the highest; below this no harm is done.
FAR_INDEX = 1 << 22
# Shorter streams are not worth an expression of their own.
SHORT_BYTES = 64 << 10
_ENDS = ACTING | {STOP}
_AGAIN, _PUT, _DUP, _MEMOIZE = frozenset(b"hjg2"), frozenset(b"qrp"), b"2", b"\x94"


class PlainData(msgspec.Struct, frozen=True, kw_only=True):
    """Where the skip ended: after STOP, at an opcode that can act, or at bytes that are no opcode.

    ``far`` is the highest memo index that no pickler would come to, or 0. ``shares_containers``:
    a container may be taken a second time, so that the values may grow beyond the file. ``claims``
    says what a loader would pay for beyond what a pickler writes.
    """

    end: int
    is_data: bool = False
    error: str = ""
    shares_containers: bool = False
    far: int = 0
    claims: tuple[str, ...] = ()


def skip_plain_data(
    window: Window, start: int, budget: Budget, watch: Watch | None = None
) -> PlainData:
    """Skip plain data from ``start`` to the stream's STOP, or to the first opcode that can act."""
    skip = _Skip(window, start, budget, watch)
    return msgspec.structs.replace(skip.skip(), claims=tuple(skip.claims))


class _Skip:
    """One walk; ``is_unsure`` when values are taken a second time that may be containers."""

    def __init__(self, window: Window, start: int, budget: Budget, watch: Watch | None) -> None:
        self.reader = BlockReader(window, start, watch)
        self.start = start
        self.budget = budget
        self.most = max(FAR_INDEX, window.size_bytes)
        self.far = 0
        self.claims: dict[str, None] = {}
        self.first_read = -1
        self.is_unsure = False
        self.frame_end = -1
        self.run = data_run(self.most >> 16, reads=False)

    def skip(self) -> PlainData:
        reader, position = self.reader, 0
        while True:
            if position >= reader.safe_end:
                if reader.base + position >= reader.window.size_bytes:
                    return PlainData(end=reader.window.size_bytes, error="the stream has no end")
                self.budget.check_time()
                reader.seek(reader.base + position)
                position = 0
            passed = self.run.match(reader.block, position, self._stop_at())
            if passed:
                self._look_for_rows(position, passed.end())
                position = passed.end()
            offset = reader.base + position
            if offset == self.frame_end:
                self.frame_end = -1
                continue
            if position >= reader.safe_end:
                continue
            code = reader.block[position]
            if code in _ENDS or code not in ARGUMENTS:
                return self._ended(code, offset)
            if (code in _AGAIN and not self.is_unsure) or (code in _PUT and self._reads_literals):
                self._read_again(offset)
                continue
            try:
                position = self._pass(position, code)
            except ArtifactError as error:
                return PlainData(end=offset, error=error.message)
            if 0 <= self.frame_end < reader.base + position:
                return PlainData(end=offset, error="a FRAME ends inside an opcode")

    def _look_for_rows(self, start: int, end: int) -> None:
        if end - start >= ROW_BYTES and (row := row_in(self.reader.block, start, end, self.run)):
            self.claims[row] = None

    def _ended(self, code: int, offset: int) -> PlainData:
        if code == STOP:
            if self.frame_end in (-1, offset + 1):
                return self._whole(offset + 1)
            return PlainData(end=offset, error="STOP before its FRAME has ended")
        error = "" if code in ACTING else f"byte 0x{code:02x} is no opcode"
        return PlainData(end=offset, error=error)

    def _whole(self, end: int) -> PlainData:
        # What is reported already need not be followed.
        is_open = self.is_unsure and not self.claims
        shares = is_open and _SharedContainers(self, end).are_there()
        return PlainData(end=end, is_data=True, shares_containers=shares, far=self.far)

    @property
    def _reads_literals(self) -> bool:
        return self.first_read >= 0 and not self.is_unsure

    def _read_again(self, offset: int) -> None:
        """Values are taken a second time: let only those be that are literals for certain.

        Where another one is taken it is known afterwards whether it was a container.
        """
        literals = frozenset[int]()
        if self.first_read < 0:
            self.first_read = offset
            if self.reader.window.size_bytes - offset > SHORT_BYTES:
                literals = self._first_literals()
        self.is_unsure = not literals
        highest = self.most >> 16
        self.run = run_reading(literals) if literals else data_run(highest, reads=True)

    def _first_literals(self) -> frozenset[int]:
        """The entries below 256 that are literals, where the first bytes write by MEMOIZE alone."""
        reader = BlockReader(self.reader.window, self.start, block_bytes=SHORT_BYTES)
        first = data_run(0, reads=True, frames=True).match(reader.block, 0, reader.size_bytes)
        writes = stored().findall(reader.block, 0, first.end() if first else 0)
        if not all(code in (_MEMOIZE, b"") for write in writes for code in write):
            return frozenset()
        written = [bool(behind_literal) for behind_literal, behind_other in writes[:256]]
        return frozenset(index for index, is_literal in enumerate(written) if is_literal)

    def _stop_at(self) -> int:
        """Where the frame or the block ends: no opcode of plain data goes beyond its frame."""
        reader = self.reader
        ends = reader.size_bytes, self.frame_end - reader.base
        return min(ends) if self.frame_end >= 0 else reader.size_bytes

    def _frame(self, position: int) -> int:
        """A FRAME, which ends where an opcode does; one longer than the file ends the load."""
        offset, block = self.reader.base + position, self.reader.block
        if self.frame_end >= 0:
            raise ArtifactError("a FRAME begins inside another one")
        end = offset + 9 + int.from_bytes(block[position + 1 : position + 9], "little")
        self.frame_end = end if end <= self.reader.window.size_bytes else -1
        if self.frame_end < 0:
            self.claims["a FRAME longer than the file, which ends the load"] = None
        return position + 9

    def _pass(self, position: int, code: int) -> int:
        if code == FRAME:
            return self._frame(position)
        if code not in _PUT:
            after = _after(self.reader, position, code)
            is_digits = code in b"IL" and after - position > DIGITS
            if is_digits or (code == 0x8B and after - position > NUMBER_BYTES):
                self.claims[f"a number of {after - position} bytes"] = None
            return after
        index, position = _put(self.reader, position)
        self.far = max(self.far, index) if index > self.most else self.far
        return position


class _SharedContainers:
    """Looks in a stream of plain data for entries that are read and may hold containers.

    An entry is a literal where every opcode that writes it stands right behind a literal. The
    stream was passed whole before, so each expression meets what it knows, or a long payload.
    """

    def __init__(self, skip: _Skip, end: int) -> None:
        self.window = skip.reader.window
        self.start = skip.start
        self.first_read = skip.first_read
        self.end = end
        self.budget = skip.budget
        self.run = data_run(skip.most >> 16, reads=True, frames=True)

    def are_there(self) -> bool:
        reads = self._reads()
        if _DUP in reads:
            return True
        indexes = {index_of(read) for read in reads}
        return self._may_hold_containers(indexes, max(indexes, default=-1))

    def _reads(self) -> set[bytes]:
        reads = set[bytes]()
        for block, position, end in self._runs(self.first_read):
            reads.update(taken_again().findall(block, position, end))
            if _DUP in reads:
                break
        reads.discard(b"")
        return reads

    def _runs(self, start: int) -> Iterator[tuple[bytes, int, int]]:
        """Runs of whole opcodes from ``start`` on, as (block, start, end)."""
        reader, position, run = BlockReader(self.window, start), 0, self.run
        while reader.base + position < self.end:
            if position >= reader.safe_end:
                self.budget.check_time()
                reader.seek(reader.base + position)
                position = 0
            passed = run.match(reader.block, position, reader.size_bytes)
            if passed and passed.end() > position:
                yield reader.block, position, passed.end()
                position = passed.end()
            elif reader.block[position] in _PUT:
                after = _put(reader, position)[1]
                yield reader.block, position, after
                position = after
            elif reader.block[position] == STOP:
                return
            else:
                position = _after(reader, position, reader.block[position])

    def _may_hold_containers(self, indexes: set[int], highest: int) -> bool:
        """Whether one of the entries may; MEMOIZE numbers them, and PUT names them."""
        count, is_numbered, is_named = 0, False, False
        for block, position, end in self._runs(self.start):
            for behind_literal, behind_other in stored().findall(block, position, end):
                code = (behind_literal or behind_other)[:1]
                if code == _MEMOIZE:
                    index, is_numbered = count, True
                    count += 1
                elif code:
                    index, is_named = index_of(behind_literal or behind_other), True
                else:
                    continue
                if behind_other and index in indexes:
                    return True
            if is_numbered and is_named:
                return True  # which number comes next depends on what was written before
            if is_numbered and count > highest:
                return False
        return False


def index_of(opcode: bytes) -> int:
    """The index that a GET or PUT names; -1 where it is not a number."""
    if opcode[0] not in b"gp":
        return int.from_bytes(opcode[1:], "little")
    try:
        return read_index(opcode[1:-1])
    except ArtifactError:
        return -1


def _put(reader: BlockReader, position: int) -> tuple[int, int]:
    """The index of a PUT, and where the opcode after it is."""
    code = reader.block[position]
    if code in b"qr":
        width = 1 if code == ord("q") else 4
        index = int.from_bytes(reader.block[position + 1 : position + 1 + width], "little")
        return index, position + 1 + width
    line, end = reader.line(position + 1)
    return read_index(line), end


def _after(reader: BlockReader, position: int, code: int) -> int:
    """Pass one data opcode that the expression leaves: a long payload, a long line, a frame."""
    argument = ARGUMENTS[code]
    if code == FRAME:
        return position + 9
    if argument is Argument.LINE:
        return reader.line(position + 1)[1]
    width = LENGTH_BYTES.get(argument, 0)
    if not width:
        raise ArtifactError("the file ends inside an opcode")
    size_bytes = int.from_bytes(reader.block[position + 1 : position + 1 + width], "little")
    reader.counted(position + 1 + width, size_bytes, 0)
    return position + 1 + width + size_bytes
