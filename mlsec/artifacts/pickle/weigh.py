"""How large the values of a stream are with all references written out.

Only containers are told apart; whatever holds no others counts as one item, and runs of such
values are counted at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.opcodes import ARGUMENTS, Argument
from mlsec.artifacts.pickle.passes import Spans, after_long, index_of, passes
from mlsec.artifacts.pickle.patterns import leaves, one_leaf, settled_run
from mlsec.artifacts.pickle.tape import Tape

# A value on the stack is the number of its container, or LEAF.
LEAF = 0
GET_1 = ord("h")
ITEMS = 16_000_000
# Bytes followed before the rest is tried at once (more where what it reads came later), and how
# many entries that may read.
FIRST_BYTES, MORE_BYTES, HARMLESS = 8 << 10, (120 << 10, 1 << 20), 256
_WIDTHS = {
    Argument.NONE: 1, Argument.BYTES_1: 2, Argument.BYTES_2: 3, Argument.BYTES_4: 5,
    Argument.BYTES_8: 9,
}  # fmt: skip
_MEMO = frozenset(b"qrpjg")


class Weigh:
    """Follows a stream's containers: ``counts`` of items, and ``kids`` that are containers."""

    def __init__(self, window: Window, spans: Spans, budget: Budget) -> None:
        self.window = window
        self.spans = list(spans)
        self.budget = budget
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.counts = [1]
        self.kids: list[list[int]] = [[]]
        self.memo: dict[int, int] = {}
        self.written = 0
        self.puts: set[int] = set()
        # Entries that were read, and whether a container was taken a second time.
        self.read: set[int] = set()
        self.is_shared = False
        self.reached = 0

    def rest(
        self, highest: int, *, acts: bool, first_bytes: int = FIRST_BYTES
    ) -> re.Pattern[bytes] | None:
        """Follow the first opcodes; give a pattern for the others that lets nothing grow.

        None where containers are taken a second time already. ``reached`` is where it is to go on.

        Raises:
            IndexError: an opcode needs more values than there are.
        """
        start, end = self.spans[0]
        self._follow(start, min(end, start + first_bytes))
        known = len(self.puts) + self.written
        harmless = self.read - self.memo.keys()
        if self.is_shared or len(harmless) > HARMLESS:
            return None
        if harmless and not 0 <= min(harmless) <= max(harmless) < known:
            return None
        return settled_run(frozenset(harmless), known, highest, acts=acts)

    def is_settled(self) -> bool:
        """Whether nothing can grow: told by the first opcodes, and a pattern for all others.

        Raises:
            IndexError: an opcode needs more values than there are.
        """
        for first_bytes in (FIRST_BYTES, *MORE_BYTES):
            run = self.rest(0xFFFF, acts=True, first_bytes=first_bytes)
            if run is None:
                return False
            if not self.spans or passes(self.window, self.spans, run, self.budget):
                return True
        return False

    def follow(self) -> None:
        """Follow the opcodes of all spans that are left.

        Raises:
            IndexError: an opcode needs more values than there are.
            OverLimitError: too many containers, or too much time.
        """
        while self.spans:
            self._follow(*self.spans[0])

    def _follow(self, start: int, end: int) -> None:
        """Follow the first span to about ``end``, and leave what remains of it."""
        tape, position = Tape(self.window, start), 0
        while position >= 0 and tape.base + position < end:
            if position >= tape.soft:
                self.budget.check_time()
                if max(len(self.stack), len(self.counts), len(self.memo), len(self.puts)) > ITEMS:
                    raise OverLimitError(f"more than {ITEMS} containers or entries")
                tape.seek(tape.base + position)
                position = 0
            position = self._some(tape, position, end - tape.base)
        last, at = self.spans.pop(0)[1], tape.base + position
        self.reached = at
        if position >= 0 and at < last:
            self.spans.insert(0, (at, last))

    def _some(self, tape: Tape, position: int, end: int) -> int:
        """Follow opcodes of one block; give where to go on, or -1 where none is."""
        block, run, one = tape.block, leaves().match, one_leaf().findall
        soft, stack, memo = min(tape.soft, end), self.stack, self.memo
        held = min(tape.held, self.spans[0][1] - tape.base)
        while position < soft:
            code = block[position]
            if code == GET_1:
                index = block[position + 1]
                self.read.add(index)
                value = memo.get(index, LEAF)
                self.is_shared |= bool(value)
                stack.append(value)
                position += 2
                continue
            step = STEPS.get(code)
            if step is not None:
                step(self, code)
                position += 1
                continue
            found = run(block, position, held)
            if found and found.end() > position:
                values = one(block, position, found.end())
                stack.extend([LEAF] * len(values))
                self.written += len(values) - values.count(b"")
                position = found.end()
                continue
            after = self._end(tape, position, code)
            if after < 0:
                return -1
            if code in _MEMO:
                self._memo(block[position:after], code)
            else:
                self._other(code)
            position = after
        return position

    def _end(self, tape: Tape, position: int, code: int) -> int:
        argument = ARGUMENTS.get(code)
        width = _WIDTHS.get(argument, 0) if argument else 0
        return position + width if width else after_long(tape, position)

    def _memo(self, operation: bytes, code: int) -> None:
        index = index_of(operation)
        if code in b"jg":
            self.read.add(index)
            self.stack.append(self.memo.get(index, LEAF))
            self.is_shared |= bool(self.stack[-1])
            return
        self.puts.add(index)
        self._store(index)

    def memoize(self, _code: int) -> None:
        """Store the top under the number of entries there are."""
        index = len(self.puts) + self.written
        self.written += 1
        self._store(index)

    def _store(self, index: int) -> None:
        held = self.stack[-1]
        if held:
            self.memo[index] = held
        else:
            self.memo.pop(index, None)

    def _other(self, code: int) -> None:
        """Opcodes that import or call: what they give is one item, what they take counts itself."""
        if code in b"io\x82\x83\x84PcBTX\x8b\x8d\x8e\x96ILFSV\x8cUC\x8a":
            if code in b"io":
                self._to_mark()
            self.stack.append(LEAF)

    def _to_mark(self) -> list[int]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def _made(self, values: list[int]) -> None:
        self.stack.append(len(self.counts))
        self.counts.append(1 + len(values))
        self.kids.append([value for value in values if value])

    def empty(self, _code: int) -> None:
        """A list, dict or set without items."""
        self._made([])

    def mark(self, _code: int) -> None:
        """MARK."""
        self.marks.append(len(self.stack))

    def marked(self, _code: int) -> None:
        """TUPLE, LIST, DICT and FROZENSET."""
        self._made(self._to_mark())

    def tuples(self, code: int) -> None:
        """TUPLE1 to TUPLE3."""
        width = code - 0x84
        values = self.stack[-width:]
        if len(values) < width:
            raise IndexError
        del self.stack[-width:]
        self._made(values)

    def added(self, code: int) -> None:
        """APPEND, SETITEM, and what adds all down to a MARK."""
        width = {ord("a"): 1, ord("s"): 2}.get(code, 0)
        values = [self.stack.pop() for _ in range(width)] if width else self._to_mark()
        target = self.stack[-1]
        if target:
            self.counts[target] += len(values)
            self.kids[target] += [value for value in values if value]
        elif any(values):
            # Into an object: what it is given is weighed as if it lay together.
            self._made(values)
            self.stack.pop()

    def pop(self, _code: int) -> None:
        """POP, which takes a MARK where one is on top."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def pop_mark(self, _code: int) -> None:
        """POP_MARK."""
        self._to_mark()

    def duplicate(self, _code: int) -> None:
        """DUP."""
        self.stack.append(self.stack[-1])
        self.is_shared |= bool(self.stack[-1])

    def called(self, code: int) -> None:
        """REDUCE, NEWOBJ, BUILD and the like: the values above the lowest are gone."""
        for _ in range(2 if code == 0x92 else 1):
            self.stack.pop()
        if code != ord("b"):
            self.stack[-1] = LEAF

    def named(self, _code: int) -> None:
        """BINPERSID: what it gives is one item."""
        self.stack[-1] = LEAF

    def nothing(self, _code: int) -> None:
        """READONLY_BUFFER."""

    def buffer(self, _code: int) -> None:
        """NEXT_BUFFER."""
        self.stack.append(LEAF)

    def largest(self, limit: int) -> int:
        """The items of the largest value, each counted as often as it is reached, to ``limit``."""
        sizes: dict[int, int] = {}
        for root in range(1, len(self.counts)):
            if root in sizes:
                continue
            waiting = [(root, False)]
            while waiting:
                node, is_counted = waiting.pop()
                kids = self.kids[node]
                if is_counted:
                    inner = sum(sizes[kid] - 1 for kid in kids)
                    sizes[node] = min(limit, self.counts[node] + inner)
                elif node not in sizes:
                    # Until it is counted it is one item, which ends a circle of references.
                    sizes[node] = 1
                    waiting.append((node, True))
                    waiting += [(kid, False) for kid in kids if kid not in sizes]
            if not root % 4096:
                self.budget.check_time()
        return max(sizes.values(), default=0)


Step = Callable[[Weigh, int], None]
STEPS: Mapping[int, Step] = {
    0x94: Weigh.memoize, ord("("): Weigh.mark, ord("0"): Weigh.pop, ord("1"): Weigh.pop_mark,
    ord("2"): Weigh.duplicate, **dict.fromkeys(b"]}\x8f", Weigh.empty),
    **dict.fromkeys(b"tld\x91", Weigh.marked), **dict.fromkeys(b"\x85\x86\x87", Weigh.tuples),
    **dict.fromkeys(b"aseu\x90", Weigh.added), **dict.fromkeys(b"Rb\x81\x92\x93", Weigh.called),
    ord("Q"): Weigh.named, 0x97: Weigh.buffer, 0x98: Weigh.nothing,
}  # fmt: skip
