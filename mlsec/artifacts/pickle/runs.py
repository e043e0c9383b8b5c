"""Runs of plain values between calls: passed at once, and read again if one is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.known import Known
from mlsec.artifacts.pickle.lesson import Lesson
from mlsec.artifacts.pickle.opcodes import FRAME
from mlsec.artifacts.pickle.templates import Template, templates
from mlsec.artifacts.pickle.values import (
    KEPT_ITEMS,
    Box,
    Later,
    Plain,
    Stretch,
    Value,
)
from mlsec.artifacts.pickle.whole_values import BEHIND, pushes
from mlsec.artifacts.pickle.written import note_writes

if TYPE_CHECKING:
    from mlsec.artifacts.pickle.machine import Machine

STEPS_TO_A_VALUE = 24
# Beginnings tried one after the other: an object may begin with others within it.
TRIES = 6
PUTS = b"\x94pqr"
WORTH_BYTES = 160
# Bytes followed opcode by opcode before the next try: more after every try that gave nothing.
SHORTEST_PAUSE, LONGEST_PAUSE = 32, 8 << 10
# Calls that were followed one by one before the first lesson. A lesson takes so many bytes, more
# where it met few calls.
FIRST_LESSON_CALLS = 400
LESSON_BYTES, LESSON_CALLS, LONGEST_LESSON_BYTES = 4 << 10, 16, 64 << 10
# Of a tuple with more bytes of passed values only the first ones are kept, as of a list.
LONG_TUPLE_BYTES = 4 << 20
# MARKs that are passed before a batch of plain values is tried again.
LONGEST_IDLE = 16


class Runs:
    """The stretches on one machine's stack; ``guard`` is the stack size that keeps them untouched.

    The last four values of those that were passed stand on the stack themselves. Below ``guard``
    items the next opcode could touch a stretch: ``thaw`` must be asked first.
    """

    __slots__ = (
        "_at", "_idle", "_lesson_after", "_machine", "calls", "failed", "guard", "known",
        "missed", "pause",
    )  # fmt: skip

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._at: list[int] = []
        self.known = Known(machine.memo)
        self.guard = 0
        self.failed = -1
        self.pause = SHORTEST_PAUSE
        self.missed = self._idle = 0
        self.calls, self._lesson_after = 0, FIRST_LESSON_CALLS

    def is_worth_a_batch(self) -> bool:
        """Whether a batch of plain values is to be tried: seldom where none was found before."""
        if self._idle:
            self._idle -= 1
            return False
        self.missed = min(2 * self.missed + 1, LONGEST_IDLE)
        self._idle = self.missed - 1
        return True

    def skip(self, position: int, tries: int = TRIES) -> int:
        """Pass values that nothing takes before eight more are pushed; give where to go on."""
        if self.calls >= self._lesson_after:
            return self._learn(position)
        machine, whole = self._machine, self.known.pattern()
        block, held = machine.tape.block, machine.tape.held
        position = self._to_a_value(position)
        # A MARK above the top, where values below it were taken, would fall inside the stretch.
        is_sunk = machine.marks and machine.marks[-1] > len(machine.stack)
        if position >= machine.tape.soft or is_sunk:
            return position
        end, last = _passed(block, position, held, whole)
        stretch = Stretch(
            machine.tape.base + position, end - position, len(machine.memo), self, is_values=True
        )
        frames = None
        if end - position >= WORTH_BYTES:
            frames = note_writes(machine.tape, machine.memo, stretch, end)
        if frames is None:
            if tries and self.known.is_taught and self.pause < LONGEST_PAUSE:
                # Perhaps this was a value within one: the next beginning is tried at once.
                position = self._step(position)
                return position if position >= machine.tape.soft else self.skip(position, tries - 1)
            self.pause = min(max(2 * self.pause, SHORTEST_PAUSE), LONGEST_PAUSE)
            return position
        # Where objects are known, the next one may begin right behind.
        self.pause = 1 if self.known.is_taught else SHORTEST_PAUSE
        self._at.append(len(machine.stack))
        machine.stack.append(stretch)
        for start in frames:
            machine.steps[FRAME](machine, start)
        try:
            while end < last:
                end = machine.steps[block[end]](machine, end)
        except (ArtifactError, IndexError):
            self.failed = end
            raise
        self.guard = self._at[-1] + BEHIND
        return end

    def _to_a_value(self, position: int) -> int:
        """Go on until an opcode that may begin a value: where calls are known, one of them."""
        tape = self._machine.tape
        for step in range(STEPS_TO_A_VALUE + 1):
            is_put = tape.block[position] in PUTS
            # The last step is only for a PUT: no value begins with one.
            is_late = step == STEPS_TO_A_VALUE
            if not is_put and (is_late or self.known.is_start(tape.block, position)):
                break
            position = self._step(position)
            if position >= tape.soft:
                break
        return position

    def _step(self, position: int) -> int:
        """Follow one opcode."""
        machine = self._machine
        if len(machine.stack) < self.guard:
            self.thaw()
        try:
            return machine.steps[machine.tape.block[position]](machine, position)
        except (ArtifactError, IndexError):
            self.failed = position
            raise

    def _learn(self, position: int) -> int:
        """Follow some opcodes, and learn what passes the values that they make."""
        machine, tape, found = self._machine, self._machine.tape, []
        enough, last = position + LESSON_BYTES, min(tape.soft, position + LONGEST_LESSON_BYTES)
        calls = self.calls + LESSON_CALLS
        lesson = Lesson(tape.block, machine.memo, machine.globals)
        while position < last and (position < enough or self.calls < calls):
            start = position
            position = self._step(start)
            if not lesson.is_followed(start, position):
                found += self._seen(lesson)
                lesson = Lesson(tape.block, machine.memo, machine.globals)
        found += self._seen(lesson)
        self._lesson_after = self.calls * (2 if self.known.teach(found) else 4)
        return position

    def _seen(self, lesson: Lesson) -> list[Template]:
        known = self.known
        return templates(lesson, known.style, known.quiet, known.texts)

    def thaw(self) -> int:
        """Put the values of a stretch that could be touched in its place; give the new guard."""
        stack, at = self._machine.stack, self._at
        while at:
            index = at[-1]
            is_there = index < len(stack) and type(stack[index]) is Stretch
            if is_there and len(stack) > index + BEHIND - 1:
                break
            at.pop()
            if is_there:
                self._put_back(index)
        self.guard = at[-1] + BEHIND if at else 0
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
            whole = Box("dict").full()
            if stretch.is_values:
                whole.add(self.values(stretch))
            else:
                self._machine.again(stretch, [whole])
            box.rest = (box.rest or set()) | (whole.rest or set())
            box.acting = {**(box.acting or {}), **(whole.acting or {})}
        settled = map(self._settled, box.rest or ())
        box.rest = {one for one in settled if type(one) is str}
        named = [(self._settled(key), held) for key, held in (box.acting or {}).items()]
        box.acting = {
            key: list(map(self._settled, held)) for key, held in named if type(key) is str
        }

    def values(self, stretch: Stretch) -> list[Value]:
        """The values that a stretch pushed."""
        return [self._settled(value) for value in self._machine.again(stretch, [])]

    def read(self, stretch: Stretch, kind: str) -> Box:
        """A container of this kind, with what a stretch pushed or put into it."""
        box = Box(kind)
        if stretch.is_values:
            box.add(self.values(stretch))
        else:
            self._machine.again(stretch, [box])
            box.settle(self._settled)
        return box

    def _settled(self, value: Value) -> Value:
        if type(value) is Later:
            memo = self._machine.memo
            return Plain.UNKNOWN if memo.is_rewritten else memo.get(value.index)
        if type(value) is Box:
            value.settle(self._settled)
        return tuple(map(self._settled, value)) if type(value) is tuple else value

    def as_tuple(self, values: list[Value]) -> Value:
        """A tuple of the values; where too many were passed, a box of the first of them."""
        passed = sum([one.size_bytes for one in values if type(one) is Stretch]) if self._at else 0
        if passed <= LONG_TUPLE_BYTES:
            return tuple(self.flat(values))
        box = Box("tuple")
        box.add(self.flat(values, KEPT_ITEMS + 1))
        box.cut()
        return box

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


def _passed(block: bytes, position: int, held: int, whole: re.Pattern[bytes]) -> tuple[int, int]:
    """Where the last four values that can be passed begin, and where they end."""
    end = last = position
    is_plain, plain = False, pushes()
    while True:
        found = plain.match(block, last, held)
        if found:
            end, last, is_plain = found.start(1), found.end(), True
            continue
        found = whole.match(block, last, held)
        if not found and is_plain:
            # The last values may be what the next opcode takes.
            found = whole.match(block, end, held)
        if not found or found.end() <= last:
            return end, last
        end, last, is_plain = found.start(1), found.end(), False
