"""How large the values of a stream are with all references written out.

Asked only where a stream takes a container a second time. What is taken once is counted where it is
put, so that only what is taken again is kept: memory grows with that, not with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm.block_reader import BlockReader
from mlsec.artifacts.pickle.vm.opcodes import ARGUMENTS, LENGTH_BYTES, STOP, WIDTHS, Argument
from mlsec.artifacts.pickle.vm.plain_data import index_of
from mlsec.artifacts.pickle.vm.plain_patterns import atoms, data_run, one_atom, taken_again
from mlsec.artifacts.pickle.vm.shared_sizes import ATOM, Held, Indexes, SharedSizes, Tree, together

# Parts of a window, [start, end), that hold opcodes; raw numbers may lie between them.
Spans = Sequence[tuple[int, int]]

ITEMS = 16_000_000
_GETS, _PUTS, _DUP = frozenset(b"hjg"), frozenset(b"qrp"), b"2"
_PUSHES = frozenset(b"\x82\x83\x84PcBTX\x8b\x8d\x8e\x96ILFSV\x8cUC\x8a\x97)NKMJG\x88\x89")


class Growth:
    """Follows a stream's containers; ``shared`` are those that it takes more than once."""

    def __init__(self, window: Window, budget: Budget) -> None:
        self.window = window
        self.budget = budget
        self.stack: list[Held] = []
        self.marks: list[int] = []
        self.memo: dict[int, int] = {}
        self.memoized = 0
        self.puts, self.reads = Indexes(), Indexes()
        self.shared = SharedSizes()
        self.most = 1

    def follow(self, spans: Spans) -> None:
        """Follow the opcodes of all spans; a span ends early where the loader ends too.

        Raises:
            IndexError: an opcode needs more values than there are.
            OverLimitError: too many containers, or too much time.
        """
        self._find_reads(spans)
        for start, end in spans:
            reader, position = BlockReader(self.window, start), 0
            while position >= 0 and reader.base + position < end:
                if position >= reader.safe_end:
                    self._check()
                    reader.seek(reader.base + position)
                    position = 0
                position = self._block(reader, position, end - reader.base)
        self._lose(self.stack)

    def _find_reads(self, spans: Spans) -> None:
        """Which entries of the memo are read anywhere: what else is written there is not kept."""
        run = data_run(0xFFFF, reads=True, frames=True)
        for start, end in spans:
            reader, position = BlockReader(self.window, start), 0
            while position >= 0 and reader.base + position < end:
                if position >= reader.safe_end:
                    self.budget.check_time()
                    reader.seek(reader.base + position)
                    position = 0
                passed = run.match(reader.block, position, reader.size_bytes)
                if passed is None or passed.end() == position:
                    position = _after(reader, position)
                    continue
                for opcode in {*taken_again().findall(reader.block, position, passed.end())}:
                    if opcode not in (b"", _DUP):
                        self.reads.add(index_of(opcode))
                position = passed.end()

    def _check(self) -> None:
        self.budget.check_time()
        if len(self.stack) > ITEMS:
            raise OverLimitError(f"more than {ITEMS} values on the stack")

    def _block(self, reader: BlockReader, position: int, end: int) -> int:
        """Follow opcodes of one block; give where to go on, or -1 where none is."""
        block, run, values = reader.block, atoms().match, one_atom().findall
        stop_at, end = min(reader.safe_end, end), min(reader.size_bytes, end)
        while position < stop_at:
            code = block[position]
            step = STEPS.get(code)
            if step is not None:
                step(self, code)
                position += 1
                continue
            passed = run(block, position, end)
            if passed and passed.end() > position:
                stores = values(block, position, passed.end())
                self.stack.extend([ATOM] * len(stores))
                self.memoized += len(stores) - stores.count(b"")
                position = passed.end()
                continue
            after = _after(reader, position)
            if after < 0:
                return -1
            self._other(code, block[position:after])
            position = after
        return position

    def _other(self, code: int, opcode: bytes) -> None:
        if code in _GETS:
            self.stack.append(-self.memo.get(index_of(opcode), -ATOM))
        elif code in _PUTS:
            index = index_of(opcode)
            self.puts.add(index)
            self._store(index)
        elif code == ord("i"):
            self._lose(self._to_mark())
            self.stack.append(ATOM)
        elif code in _PUSHES:
            self.stack.append(ATOM)

    def memoize(self, _code: int) -> None:
        """Store the top under the number of entries there are."""
        index = len(self.puts) + self.memoized
        self.memoized += 1
        self._store(index)

    def _store(self, index: int) -> None:
        if index not in self.reads:
            return
        number = self._share_top()
        if number:
            self.memo[index] = number
        else:
            self.memo.pop(index, None)

    def _share_top(self) -> int:
        """Number what lies on top, for others to refer to it; 0 where it holds nothing."""
        top = self.stack[-1]
        if top == ATOM:
            return 0
        if type(top) is Tree:
            number = self.shared.new(top.count, top.edges)
        elif top > 0:
            number = self.shared.new(top, None)
        else:
            return -top
        self.stack[-1] = -number
        return number

    def _drop(self, value: Held) -> None:
        """A value that nothing holds any more; a shared one is counted by itself."""
        if type(value) is not Tree:
            self.most = max(self.most, value)
        elif value.edges:
            self.shared.new(value.count, value.edges)
        else:
            self.most = max(self.most, value.count)

    def _to_mark(self) -> list[Held]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def empty(self, _code: int) -> None:
        """A list, dict or set without items."""
        self.stack.append(Tree(1, None))

    def mark(self, _code: int) -> None:
        """MARK."""
        self.marks.append(len(self.stack))

    def marked(self, _code: int) -> None:
        """TUPLE, LIST, DICT and FROZENSET."""
        self.stack.append(together(self._to_mark()))

    def tuples(self, code: int) -> None:
        """TUPLE1 to TUPLE3."""
        width = code - 0x84
        values = self.stack[-width:]
        if len(values) < width:
            raise IndexError
        del self.stack[-width:]
        made = together(values)
        self.stack.append(made if made.edges else made.count)

    def added(self, code: int) -> None:
        """APPEND, SETITEM, and what adds all down to a MARK."""
        width = {ord("a"): 1, ord("s"): 2}.get(code, 0)
        values = [self.stack.pop() for _ in range(width)] if width else self._to_mark()
        target = self.stack[-1]
        if type(target) is Tree:
            target.take_all(values)
            return
        made = together(values)
        if target < 0:
            self.shared.hold(-target, made.count - 1, made.edges)
        else:
            # Into an object: what it is given is counted as if it lay together.
            self._drop(made)

    def pop(self, _code: int) -> None:
        """POP, which takes a MARK where one is on top."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._drop(self.stack.pop())

    def pop_mark(self, _code: int) -> None:
        """POP_MARK."""
        self._lose(self._to_mark())

    def _lose(self, values: list[Held]) -> None:
        for value in values:
            self._drop(value)

    def duplicate(self, _code: int) -> None:
        """DUP."""
        self._share_top()
        self.stack.append(self.stack[-1])

    def called(self, code: int) -> None:
        """REDUCE, NEWOBJ, BUILD and the like: the values above the lowest are gone."""
        for _ in range(2 if code == 0x92 else 1):
            self._drop(self.stack.pop())
        if code != ord("b"):
            self._drop(self.stack[-1])
            self.stack[-1] = ATOM

    def obj(self, _code: int) -> None:
        """OBJ: what it gives is one item."""
        self._lose(self._to_mark())
        self.stack.append(ATOM)

    def named(self, _code: int) -> None:
        """BINPERSID: what it gives is one item."""
        self.stack[-1] = ATOM

    def nothing(self, _code: int) -> None:
        """READONLY_BUFFER."""

    def largest(self, limit: int) -> int:
        """The items of the largest value, each counted as often as it is reached, to ``limit``."""
        return min(limit, max(self.most, self.shared.largest(limit, self.budget)))


def _after(reader: BlockReader, position: int) -> int:
    """Where the opcode behind this one is; -1 at STOP and where the loader gives up."""
    code = reader.block[position]
    argument = ARGUMENTS.get(code)
    if argument is None or code == STOP:
        return -1
    try:
        if argument is Argument.LINE:
            return reader.line(position + 1)[1]
        if argument is Argument.TWO_LINES:
            return reader.line(reader.line(position + 1)[1])[1]
        width = LENGTH_BYTES.get(argument, 0)
        if not width:
            return position + WIDTHS[argument]
        size_bytes = int.from_bytes(reader.block[position + 1 : position + 1 + width], "little")
        reader.counted(position + 1 + width, size_bytes, 0)
    except ArtifactError:
        return -1
    return position + 1 + width + size_bytes


Step = Callable[[Growth, int], None]
STEPS: Mapping[int, Step] = {
    0x94: Growth.memoize, ord("("): Growth.mark, ord("0"): Growth.pop, ord("1"): Growth.pop_mark,
    ord("2"): Growth.duplicate, **dict.fromkeys(b"]}\x8f", Growth.empty),
    **dict.fromkeys(b"tld\x91", Growth.marked), **dict.fromkeys(b"\x85\x86\x87", Growth.tuples),
    **dict.fromkeys(b"aseu\x90", Growth.added), **dict.fromkeys(b"Rb\x81\x92\x93", Growth.called),
    ord("o"): Growth.obj, ord("Q"): Growth.named, 0x98: Growth.nothing,
}  # fmt: skip
