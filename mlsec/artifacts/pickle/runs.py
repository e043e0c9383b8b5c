"""Runs of plain values between calls: passed at once, and read again if one is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.call_patterns import appended_calls, eight_calls
from mlsec.artifacts.pickle.judged_calls import CODECS, NONE, judged
from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.patterns import (
    appended,
    eight,
    eight_pushes,
    indexed,
    memo_writes,
    memoized,
)
from mlsec.artifacts.pickle.tape import Tape
from mlsec.artifacts.pickle.values import (
    KEPT_ITEMS,
    Box,
    Global,
    How,
    Later,
    Plain,
    Stretch,
    Value,
)

if TYPE_CHECKING:
    from mlsec.artifacts.pickle.machine import Machine

MEMOIZE = b"\x94"
PUT = ord("p")
GET_1, GET_4, GET_LINE = b"hjg"
STEPS_TO_A_VALUE = 24
PUTS = b"\x94pqr"
WORTH_BYTES = 160
# Bytes followed opcode by opcode before the next try: more after every try that gave nothing.
SHORTEST_PAUSE, LONGEST_PAUSE = 32, 256
# How many memo entries are known by what they hold, and how often the expression is made anew.
KNOWN, PATTERNS = 64, 12
# What follows its state lies between the opcodes: each of these is looked at.
FOLLOWED = ("NumpyArrayWrapper",)
# No opcode touches more values than these, unless it takes all down to a MARK.
TOUCHED = 3


class Known:
    """Memo entries that the stream was seen to read: names to call, and names of attributes."""

    __slots__ = (
        "_appends", "_asked", "_functions", "_keys", "_left", "_memo", "_names", "_next",
        "_others", "_pattern", "_sets", "_starts", "_words",
    )  # fmt: skip

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._functions: dict[int, Global] = {}
        self._keys: set[int] = set()
        none: frozenset[int] = frozenset()
        self._sets = (none, none, none, none, none, none)
        self._words: set[int] = set()
        self._names: set[int] = set()
        self._starts: frozenset[int] = none
        self._appends: re.Pattern[bytes] | None = None
        self._others = NONE
        self._pattern = eight()
        self._left = PATTERNS
        # An expression costs as much as following thousands of opcodes: it is made anew less and
        # less often.
        self._asked, self._next = 0, 1

    def read(self, index: int, value: Value) -> None:
        """An entry with an import or a text was read."""
        if not self._memo.is_steady(index):
            return
        if type(value) is Global:
            if len(self._functions) < KNOWN and value.name not in FOLLOWED:
                self._functions[index] = value
        elif len(self._keys) < KNOWN and value[:2] != "__":
            self._keys.add(index)
            if value in CODECS:
                self._words.add(index)
            if value.isidentifier():
                self._names.add(index)

    def is_start(self, block: bytes, position: int) -> bool:
        """A call of a known name may begin here; anything may where none is known."""
        if not self._starts:
            return True
        if block[position] == GET_1:
            return block[position + 1] in self._starts
        if block[position] == GET_4:
            return int.from_bytes(block[position + 1 : position + 5], "little") in self._starts
        if block[position] == GET_LINE:
            index = block[position + 1 : position + 8].partition(b"\n")[0]
            return index.isdigit() and int(index) in self._starts
        return False

    def pattern(self) -> re.Pattern[bytes]:
        """Eight values with calls of the names that proved to be fine whatever the arguments."""
        if self._memo.is_rewritten:
            return eight()
        self._asked += 1
        if self._left and self._functions and self._asked >= self._next:
            self._renew()
        return self._pattern

    def appends(self) -> re.Pattern[bytes]:
        """Values appended one by one, with the calls that ``pattern`` knows."""
        self.pattern()
        if self._memo.is_rewritten or not self._starts:
            return appended()
        if self._appends is None:
            self._appends = appended_calls(self._sets, self._others)
        return self._appends

    def _renew(self) -> None:
        found = self._functions.items()
        sets = (
            frozenset(index for index, name in found if How.REDUCE in name.calls),
            frozenset(index for index, name in found if How.NEW in name.calls),
            frozenset(index for index, name in found if name.bare),
            frozenset(index for index, name in found if How.REDUCE in name.told),
            frozenset(index for index, name in found if How.NEW in name.told),
            frozenset(self._keys),
        )
        others = judged(self._functions, frozenset(self._words), frozenset(self._names))
        has_calls = any(sets[:5]) or others is not NONE
        self._next = self._asked + 1 + self._asked // 4
        if has_calls and (sets, others) != (self._sets, self._others):
            self._left -= 1
            self._next = 2 * self._asked
            self._sets, self._others = sets, others
            self._pattern = eight_calls(sets, others)
            self._appends = None
            self._starts = frozenset().union(*sets[:5], others.called)


class Runs:
    """The stretches on one machine's stack; ``guard`` is the stack size that keeps them untouched.

    The eight or more values after a stretch stand on the stack themselves. Below ``guard`` items
    the next opcode could touch a stretch: ``thaw`` must be asked first.
    """

    __slots__ = ("_at", "_machine", "failed", "guard", "known", "pause")

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._at: list[int] = []
        self.known = Known(machine.memo)
        self.guard = 0
        self.failed = -1
        self.pause = SHORTEST_PAUSE

    def skip(self, position: int) -> int:
        """Pass values that nothing takes before eight more are pushed; give where to go on."""
        machine, whole = self._machine, self.known.pattern().match
        block, held, single = machine.tape.block, machine.tape.held, eight_pushes().match
        position = self._to_a_value(position)
        # A MARK above the top, where values below it were taken, would fall inside the stretch.
        is_sunk = machine.marks and machine.marks[-1] > len(machine.stack)
        if position >= machine.tape.soft or is_sunk:
            return position
        end = last = position
        while found := single(block, last, held) or whole(block, last, held):
            end, last = last, found.end()
        stretch = Stretch(
            machine.tape.base + position, end - position, len(machine.memo), is_values=True
        )
        if end - position < WORTH_BYTES or not note_writes(
            machine.tape, machine.memo, stretch, end
        ):
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
            return position
        self.pause = SHORTEST_PAUSE
        self._at.append(len(machine.stack))
        machine.stack.append(stretch)
        while end < last:
            end = machine.steps[block[end]](machine, end)
        self.guard = self._at[-1] + TOUCHED + 1
        return end

    def _to_a_value(self, position: int) -> int:
        """Go on until an opcode that may begin a value: where calls are known, one of them."""
        machine, tape = self._machine, self._machine.tape
        for _ in range(STEPS_TO_A_VALUE):
            is_put = tape.block[position] in PUTS
            if not is_put and self.known.is_start(tape.block, position):
                break
            if len(machine.stack) < self.guard:
                self.thaw()
            try:
                position = machine.steps[tape.block[position]](machine, position)
            except (ArtifactError, IndexError):
                self.failed = position
                raise
            if position >= tape.soft:
                break
        return position

    def thaw(self) -> int:
        """Put the values of a stretch that could be touched in its place; give the new guard."""
        stack, at = self._machine.stack, self._at
        while at:
            index = at[-1]
            is_there = index < len(stack) and type(stack[index]) is Stretch
            if is_there and len(stack) > index + TOUCHED:
                break
            at.pop()
            if is_there:
                self._put_back(index)
        self.guard = at[-1] + TOUCHED + 1 if at else 0
        return self.guard

    def _put_back(self, index: int) -> None:
        machine = self._machine
        values = self.values(machine.stack[index])
        machine.stack[index : index + 1] = values
        marks = machine.marks
        marks[:] = [mark + len(values) - 1 if mark > index else mark for mark in marks]

    def read_keys(self, box: Box) -> None:
        """Read what was passed of a dict, for the texts that could name a hook."""
        skipped, box.skipped = box.skipped or [], None
        for stretch in skipped:
            whole = Box("dict")
            whole.items = [None] * KEPT_ITEMS
            if stretch.is_values:
                whole.add(self.values(stretch))
            else:
                self._machine.again(stretch, [whole])
            box.rest = (box.rest or set()) | (whole.rest or set())
        settled = map(self._settled, box.rest or ())
        box.rest = {one for one in settled if type(one) is str}

    def values(self, stretch: Stretch) -> list[Value]:
        """The values that a stretch pushed."""
        return [self._settled(value) for value in self._machine.again(stretch, [])]

    def _settled(self, value: Value) -> Value:
        if type(value) is Later:
            memo = self._machine.memo
            return Plain.UNKNOWN if memo.is_rewritten else memo.get(value.index)
        return tuple(map(self._settled, value)) if type(value) is tuple else value

    def flat(self, values: list[Value], most: int = -1) -> list[Value]:
        """The values, with those of each stretch in its place, until there are ``most``."""
        if not self._at or Stretch not in map(type, values):
            return values
        flat: list[Value] = []
        for value in values:
            if 0 <= most <= len(flat):
                break
            if type(value) is Stretch:
                flat.extend(self.values(value))
            else:
                flat.append(value)
        return flat


def note_writes(tape: Tape, memo: Memo, stretch: Stretch, end: int) -> bool:
    """Store a stretch under all memo entries that it writes; it ends at the position ``end``.

    False when it mixes both ways of writing the memo (then entries cannot be numbered afterwards)
    or writes over an entry, which no pickler does.
    """
    position = end - stretch.size_bytes
    plain = indexed().match(tape.block, position, end)
    if plain and plain.end() == end and memo.is_consecutive:
        count = memoized().findall(tape.block, position, end).count(MEMOIZE)
        memo.memoize_all(stretch, count)
        return True
    return _put(tape, memo, stretch, end)


def _put(tape: Tape, memo: Memo, stretch: Stretch, end: int) -> bool:
    writes = memo_writes().findall(tape.block, end - stretch.size_bytes, end)
    writes = writes[: writes.index(b"")]
    if MEMOIZE in writes:
        return False
    indexes = [
        read_index(write[1:-1]) if write[0] == PUT else int.from_bytes(write[1:], "little")
        for write in writes
    ]
    if indexes and min(indexes) < stretch.first_index:
        return False
    first = stretch.first_index
    if memo.is_consecutive and indexes == list(range(first, first + len(indexes))):
        memo.memoize_all(stretch, len(indexes))
        return True
    for index in indexes:
        memo.put(index, stretch)
    return True
