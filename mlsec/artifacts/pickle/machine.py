"""Phase 2: the pickle machine run symbolically; nothing is imported, called or built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.hook_search import HookSearch
from mlsec.artifacts.pickle.memo import Echo, Memo
from mlsec.artifacts.pickle.runs import Runs
from mlsec.artifacts.pickle.tape import Tape, Watch
from mlsec.artifacts.pickle.values import Box, Global, How, Plain, Stretch, Value

# More than any real stream keeps on its stack at once; a bomb of MARKs or literals ends here.
STACK_ITEMS = 8_000_000
STOPPED = 1 << 62


class Judge(Protocol):
    """Told of everything a stream does, in the order in which it does it."""

    def imported(self, found: Global, protocol: int) -> None: ...
    def called(self, how: How, function: Value, arguments: Value, offset: int) -> None: ...
    def built(self, target: Value, state: Value, offset: int) -> None: ...
    def patched(self, target: Value, items: Box, offset: int) -> None: ...
    def unclear(self, detail: str, offset: int) -> None: ...
    def hidden(self, subject: str, detail: str, offset: int) -> None: ...
    def persistent(self, identity: Value, offset: int) -> Value: ...


class _Mute:
    """Hears what a stretch does when it is read again: all of it was judged before."""

    def imported(self, found: Global, protocol: int) -> None: ...
    def called(self, how: How, function: Value, arguments: Value, offset: int) -> None: ...
    def built(self, target: Value, state: Value, offset: int) -> None: ...
    def patched(self, target: Value, items: Box, offset: int) -> None: ...
    def unclear(self, detail: str, offset: int) -> None: ...
    def hidden(self, subject: str, detail: str, offset: int) -> None: ...

    def persistent(self, _identity: Value, _offset: int) -> Value:
        return Plain.UNKNOWN


class Machine:
    """Stack, marks, memo and position of one stream.

    ``gap`` is asked after every BUILD how many raw bytes follow before the next opcode (joblib
    writes arrays there); it gives an offset to go on at, or -1.
    """

    __slots__ = (
        "budget", "end", "failed_at", "frame_end", "gap", "globals", "hooks", "is_batched", "judge",
        "marks", "memo", "protocol", "result", "runs", "stack",
        "start", "steps", "tape",
    )  # fmt: skip

    def __init__(
        self,
        window: Window,
        offset: int,
        judge: Judge,
        budget: Budget,
        watch: Watch | None = None,
        tape: Tape | None = None,
    ) -> None:
        from mlsec.artifacts.pickle.steps import STEPS  # noqa: PLC0415 - steps need the machine

        self.steps = STEPS
        self.tape = tape or Tape(window, offset, watch)
        self.start = offset - self.tape.base
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
        self.runs = Runs(self)
        self.hooks = HookSearch(self)

    def run(self, until: int = -1) -> int:
        """Follow the stream to its STOP and give the offset after it.

        ``until`` ends it sooner, at an offset between two opcodes.

        Raises:
            ArtifactError: not a stream, or over a limit; ``failed_at`` says where.
        """
        tape, position, stack, runs = self.tape, self.start, self.stack, self.runs
        steps, guard = self.steps, 0
        try:
            while True:
                block, soft = tape.block, tape.soft
                if until >= 0:
                    soft = min(soft, until - tape.base)
                while position < soft:
                    pause = min(soft, position + runs.pause) if self.is_batched else soft
                    while position < pause:
                        if len(stack) < guard:
                            guard = runs.thaw()
                        position = steps[block[position]](self, position)
                    if position < soft:
                        position = runs.skip(position)
                        guard = runs.guard
                if position >= STOPPED:
                    return self.end
                offset = tape.base + position
                if 0 <= until <= offset:
                    return until
                self._go_on(offset)
                position = 0
        except IndexError:
            self.failed_at = tape.base + max(position, runs.failed)
            raise ArtifactError("an opcode needs more values than are on the stack") from None
        except ArtifactError:
            self.failed_at = tape.base + max(position, runs.failed)
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
        return self.runs.flat(values)

    def to_mark_unread(self) -> list[Value]:
        """As ``to_mark``; a value of type ``Stretch`` stands for many that were skipped."""
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
        self.again(stretch, [] if stretch.is_values else [Box("list")])

    def again(self, stretch: Stretch, stack: list[Value]) -> list[Value]:
        """The stack after a skipped stretch, given the stack before it."""
        tape = self.tape
        # Most were passed in the block that is here: it need not be fetched again.
        is_here = tape.base <= stretch.offset and stretch.end <= tape.base + tape.soft
        again = Machine(
            tape.window,
            stretch.offset,
            _Mute(),
            self.budget,
            tape=tape.beside() if is_here else None,
        )
        again.is_batched = False
        again.stack.extend(stack)
        again.globals = self.globals
        again.memo = Echo(self.memo, stretch)
        again.run(stretch.end)
        return again.stack
