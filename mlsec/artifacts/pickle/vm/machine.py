"""The pickle machine, run symbolically: nothing is imported, called or built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm.block_reader import BlockReader, Watch
from mlsec.artifacts.pickle.vm.frames import Frames
from mlsec.artifacts.pickle.vm.memo import Memo
from mlsec.artifacts.pickle.vm.values import (
    KEPT_BYTES,
    KEPT_ITEMS,
    CallKind,
    Container,
    Elided,
    Global,
    Value,
)

# More than any real stream keeps on its stack at once; a bomb of MARKs or literals ends here.
STACK_ITEMS = 4_000_000
# Of a longer run of values above one MARK only the first and the last are kept.
LONGEST_RUN = 1 << 16
# What a step gives as the next position when the stream has ended.
STOPPED = 1 << 62
INSIDE = "a FRAME that ends inside an opcode"


class Judge(Protocol):
    """Hears of everything a stream does, in the order in which it does it."""

    def imported(self, name: Global, protocol: int) -> None: ...
    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None: ...
    def built(self, target: Value, state: Value, offset: int) -> None: ...
    def patched(self, target: Value, items: list[Value], offset: int) -> None: ...
    def unclear(self, detail: str, offset: int) -> None: ...
    def hidden(self, subject: str, detail: str, offset: int) -> None: ...
    def persistent(self, identity: Value, offset: int) -> Value: ...


# Takes the machine, the block and the position of the opcode; gives the position of the next one.
Step = Callable[["Machine", bytes, int], int]


class _LongRun:
    """A run of values above a MARK of which the middle is not kept.

    ``below`` is what was on the stack before the run, ``floor`` the number of values below that.
    """

    __slots__ = ("below", "first", "floor", "middle")

    def __init__(self, below: list[Value], floor: int, first: list[Value]) -> None:
        self.below = below
        self.floor = floor
        self.first = first
        self.middle = Elided()


class Machine:
    """Stack, marks, memo and position of one stream.

    ``stack`` holds the values above the first ``floor`` ones, which only a long run sets apart;
    ``marks`` count from the bottom. ``after_build`` is asked after every BUILD where the next
    opcode is (joblib writes raw numbers there); it gives an offset to go on at, or -1. ``gaps`` are
    the bytes that were passed so. ``frames`` knows how else the stream is read by other loaders.
    ``reads_containers``: a container was taken a second time, by the memo or by DUP.
    """

    __slots__ = (
        "_long_runs", "after_build", "budget", "end", "failed_at", "floor", "frames", "gaps",
        "globals", "judge", "marks", "memo", "protocol", "reader", "reads_containers", "result",
        "skips_data", "stack", "steps", "stop_at",
    )  # fmt: skip

    def __init__(
        self,
        window: Window,
        offset: int,
        judge: Judge,
        budget: Budget,
        steps: Sequence[Step],
        watch: Watch | None = None,
    ) -> None:
        self.reader = BlockReader(window, offset, watch)
        self.judge = judge
        self.budget = budget
        self.steps = steps
        self.stack: list[Value] = []
        self.floor = 0
        self._long_runs: list[_LongRun] = []
        self.marks: list[int] = []
        self.memo = Memo(self._read_literal)
        self.globals: dict[tuple[str, str], Global] = {}
        self.after_build: Callable[[Value, Value, int], int] | None = None
        self.protocol = 0
        self.result: Value = None
        self.end = -1
        self.failed_at = -1
        self.frames = Frames(window)
        self.gaps: list[tuple[int, int]] = []
        self.stop_at = self.reader.safe_end
        self.skips_data = True
        self.reads_containers = False

    def run(self) -> int:
        """Follow the stream to its STOP and give the offset after it.

        Raises:
            ArtifactError: not a stream, or over a limit; ``failed_at`` says where.
        """
        steps, position, at = self.steps, 0, 0
        try:
            while True:
                block = self.reader.block
                while position < self.stop_at:
                    at = position
                    position = steps[block[at]](self, block, at)
                if position >= STOPPED:
                    return self.end
                position = self._go_on(at, position)
        except IndexError:
            self._break(at, position)
            if self._long_runs:
                detail = f"an opcode takes values of a run of more than {LONGEST_RUN}"
                raise OverLimitError(detail) from None
            raise ArtifactError("an opcode needs more values than are on the stack") from None
        except ArtifactError:
            self._break(at, position)
            raise

    def _break(self, at: int, position: int) -> None:
        """Note where the stream broke; the opcode at ``at`` was the last one that was tried."""
        base = self.reader.base
        self.failed_at = base + position
        if self.frames.next_end >= 0 and self.frames.broken(base + at):
            self.judge.unclear(INSIDE, self.frames.next_end)

    def _go_on(self, at: int, position: int) -> int:
        """Go on where a block or a frame ends; the opcode at ``at`` was the last one."""
        reader = self.reader
        offset = reader.base + position
        end = self.frames.next_end
        if 0 <= end <= offset and self.frames.passed(reader.base + at, offset):
            self.judge.unclear(INSIDE, end)
        if position >= reader.safe_end:
            if offset >= reader.window.size_bytes:
                raise ArtifactError("the stream has no end")
            self.budget.check_time()
            self._shorten()
            if len(self.stack) > STACK_ITEMS or len(self.marks) > STACK_ITEMS:
                raise ArtifactError(f"more than {STACK_ITEMS} values on the stack")
            reader.seek(offset)
            position = 0
        self.set_stop()
        return position

    def set_stop(self) -> None:
        """Have the machine look up where the block or the frame ends, whichever comes first."""
        reader, end = self.reader, self.frames.next_end
        in_frame = reader.base <= end < reader.base + reader.safe_end
        self.stop_at = end - reader.base if in_frame else reader.safe_end

    def to_mark(self) -> list[Value]:
        """Take all values above the last MARK; ``Elided`` stands for those that were not kept."""
        start = self.marks.pop() - self.floor
        if start < 0:
            run = self._long_runs.pop()
            values = [*run.first, run.middle, *self.stack]
            self.stack, self.floor = run.below, run.floor
            return values
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def _shorten(self) -> None:
        """Keep only the first and the last values above the last MARK, where there are many."""
        start = (self.marks[-1] if self.marks else 0) - self.floor
        values = self.stack[max(start, 0) :]
        if len(values) <= LONGEST_RUN:
            return
        if start >= 0:
            run = _LongRun(self.stack[:start], self.floor, values[:KEPT_ITEMS])
            self._long_runs.append(run)
            run.middle.take(values[KEPT_ITEMS - 1 : 1 - KEPT_ITEMS])
        else:
            self._long_runs[-1].middle.take(values[: 1 - KEPT_ITEMS])
        self.floor += len(self.stack) - KEPT_ITEMS
        self.stack = values[-KEPT_ITEMS:]

    def name(self, module: str, name: str, position: int) -> Global:
        """The imported name; the judge hears of it the first time."""
        key = (module, name)
        known = self.globals.get(key)
        if known is None:
            known = self.globals[key] = Global(module, name, self.reader.base + position)
            self.judge.imported(known, self.protocol)
        return known

    def as_tuple(self, values: list[Value]) -> Value:
        """A tuple of the values; where not all were kept, a container of the first of them."""
        if len(values) > KEPT_ITEMS and type(values[KEPT_ITEMS]) is Elided:
            container = Container("tuple")
            container.add(values)
            return container
        return tuple(values)

    def _read_literal(self, offset: int) -> Value:
        """Read a literal of the stream again, which is short."""
        self.budget.check_time()
        again = Machine.__new__(Machine)
        again.reader = BlockReader(self.reader.window, offset, block_bytes=2 * KEPT_BYTES)
        again.stack, again.stop_at = [], 0
        self.steps[again.reader.block[0]](again, again.reader.block, 0)
        return again.stack[0]
