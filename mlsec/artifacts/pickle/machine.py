"""Phase 2: the pickle machine run symbolically; nothing is imported, called or built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.memo import Echo, Memo
from mlsec.artifacts.pickle.tape import Tape, Watch
from mlsec.artifacts.pickle.values import Box, Global, How, Stretch, Value
from mlsec.artifacts.window import Window

# More than any real stream keeps on its stack at once; a bomb of MARKs or literals ends here.
STACK_ITEMS = 8_000_000
STOPPED = 1 << 62


class Judge(Protocol):
    """Told of everything a stream does, in the order in which it does it."""

    def imported(self, found: Global, protocol: int) -> None: ...
    def called(self, how: How, function: Value, arguments: Value, offset: int) -> None: ...
    def built(self, target: Value, state: Value, offset: int) -> None: ...
    def patched(self, target: Value, offset: int) -> None: ...
    def unclear(self, detail: str, offset: int) -> None: ...
    def hidden(self, subject: str, detail: str, offset: int) -> None: ...
    def persistent(self, identity: Value, offset: int) -> Value: ...


class Machine:
    """Stack, marks, memo and position of one stream.

    ``gap`` is asked after every BUILD how many raw bytes follow before the next opcode (joblib
    writes arrays there); it gives an offset to go on at, or -1.
    """

    __slots__ = (
        "budget", "end", "failed_at", "frame_end", "gap", "globals", "is_batched", "judge",
        "marks", "memo", "protocol", "result", "stack", "tape",
    )  # fmt: skip

    def __init__(
        self,
        window: Window,
        offset: int,
        judge: Judge,
        budget: Budget,
        watch: Watch | None = None,
    ) -> None:
        self.tape = Tape(window, offset, watch)
        self.judge = judge
        self.budget = budget
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo = Memo(self.resolve)
        self.globals: dict[tuple[str, str], Global] = {}
        self.gap: Callable[[Value, Value, int], int] | None = None
        self.protocol = 0
        self.result: Value = None
        self.end = -1
        self.failed_at = -1
        self.frame_end = 0
        self.is_batched = True

    def run(self, until: int = -1) -> int:
        """Follow the stream to its STOP and give the offset after it.

        ``until`` ends it sooner, at an offset between two opcodes.

        Raises:
            ArtifactError: not a stream, or over a limit; ``failed_at`` says where.
        """
        from mlsec.artifacts.pickle.steps import STEPS  # noqa: PLC0415 - steps need the machine

        tape, position = self.tape, 0
        try:
            while True:
                block, soft = tape.block, tape.soft
                if until >= 0:
                    soft = min(soft, until - tape.base)
                while position < soft:
                    position = STEPS[block[position]](self, position)
                if position >= STOPPED:
                    return self.end
                offset = tape.base + position
                if 0 <= until <= offset:
                    return until
                self._go_on(offset)
                position = 0
        except IndexError:
            self.failed_at = tape.base + position
            raise ArtifactError("an opcode needs more values than are on the stack") from None
        except ArtifactError:
            self.failed_at = tape.base + position
            raise

    def _go_on(self, offset: int) -> None:
        if offset >= self.tape.window.size_bytes:
            raise ArtifactError("the stream has no end")
        self.budget.check_time()
        if len(self.stack) > STACK_ITEMS or len(self.marks) > STACK_ITEMS:
            raise ArtifactError(f"more than {STACK_ITEMS} values on the stack")
        self.tape.seek(offset)

    def to_mark(self) -> list[Value]:
        """Take all values above the last MARK off the stack."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def name(self, module: str, name: str, position: int) -> Global:
        """The imported name; the judge hears of it the first time."""
        key = (module, name)
        found = self.globals.get(key)
        if found is None:
            found = Global(module, name, self.tape.base + position)
            self.globals[key] = found
            self.judge.imported(found, self.protocol)
        return found

    def resolve(self, stretch: Stretch) -> None:
        """Read a skipped batch again, to fill in the memo entries that it wrote."""
        again = Machine(self.tape.window, stretch.offset, self.judge, self.budget)
        again.is_batched = False
        again.stack.append(Box("list"))
        again.globals = self.globals
        again.memo = Echo(self.memo, stretch)
        again.run(stretch.offset + stretch.size_bytes)
