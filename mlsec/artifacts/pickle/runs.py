"""Runs of plain values between calls: passed at once, and read again if one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.patterns import eight, eight_pushes, indexed, memo_writes, memoized
from mlsec.artifacts.pickle.tape import Tape
from mlsec.artifacts.pickle.values import Later, Plain, Stretch, Value

if TYPE_CHECKING:
    from mlsec.artifacts.pickle.machine import Machine

MEMOIZE = b"\x94"
PUT = ord("p")
PUTS = b"\x94pqr"
WORTH_BYTES = 160
# Bytes followed opcode by opcode before the next try: more after every try that gave nothing.
SHORTEST_PAUSE, LONGEST_PAUSE = 32, 256
# No opcode touches more values than these, unless it takes all down to a MARK.
TOUCHED = 3


class Runs:
    """The stretches on one machine's stack; ``guard`` is the stack size that keeps them untouched.

    The eight or more values after a stretch stand on the stack themselves. Below ``guard`` items
    the next opcode could touch a stretch: ``thaw`` must be asked first.
    """

    __slots__ = ("_at", "_machine", "guard", "pause")

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._at: list[int] = []
        self.guard = 0
        self.pause = SHORTEST_PAUSE

    def skip(self, position: int) -> int:
        """Pass values that nothing takes before eight more are pushed; give where to go on."""
        machine = self._machine
        block, held = machine.tape.block, machine.tape.held
        single, whole = eight_pushes().match, eight().match
        while block[position] in PUTS:
            position = machine.steps[block[position]](machine, position)
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

    def values(self, stretch: Stretch) -> list[Value]:
        """The values that a stretch pushed."""
        return [self._known(value) for value in self._machine.again(stretch, [])]

    def _known(self, value: Value) -> Value:
        if type(value) is Later:
            memo = self._machine.memo
            return Plain.UNKNOWN if memo.is_rewritten else memo.get(value.index)
        return tuple(map(self._known, value)) if type(value) is tuple else value

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
    for index in indexes:
        memo.put(index, stretch)
    return True
