"""FRAMEs that do not end between two opcodes, and what loaders make of the bytes then.

A reader of a file that holds a frame in a buffer, and needs more bytes than are left of it, may
drop these and go on behind the frame (CPython in C, to 3.13.14 and 3.14.6); others go on as if
there was no frame (in memory; where the file is read ahead), or refuse (CPython in Python). So of
one stream there are as many readings as there are places where a read crosses a frame's end. Which
of them a loader takes depends on how it opens the file: each may be the one that counts.

Source: CPython ``Modules/_pickle.c``, ``load_frame`` and ``_Unpickler_ReadImpl``;
``Lib/pickle.py``, ``_Unframer``; python/cpython issue 154848.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlsec.artifacts.bytes.joined import Parts, joined
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.pickle.vm.opcodes import (
    ARGUMENTS,
    FRAME,
    LENGTH_BYTES,
    STOP,
    WIDTHS,
    Argument,
)

FRAME_BYTES = 9
# Picklers begin a frame where the one before ended, so that there is one at a time.
FOLLOWED = 64
OTHERS = 32
LINE_BYTES = 64 << 10


class Frames:
    """The frames of one stream, but for those that ended between two opcodes.

    ``next_end`` is where the next one ends, -1 where none is begun. ``others`` are the bytes of the
    window as other loaders take them, from its start on; ``is_cut`` when there are more than that.
    """

    __slots__ = ("_begun", "_window", "is_cut", "next_end", "others")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._begun: list[tuple[int, int]] = []
        self.next_end = -1
        self.others: list[Window] = []
        self.is_cut = False

    def begin(self, at: int, end: int) -> bool:
        """A FRAME stands at ``at``: whether one before it has not ended."""
        content, waiting = at + FRAME_BYTES, self._ends(at)
        for before in waiting:
            if content < before < end:
                self._drop(content, before)
        self._begun.append((at, end))
        if len(self._begun) > FOLLOWED:
            del self._begun[0]
            self.is_cut = True
        self.next_end = min([end, *waiting])
        return bool(waiting)

    def passed(self, at: int, offset: int) -> bool:
        """Opcodes from ``at`` to ``offset`` were passed: whether a frame ended inside of one."""
        inside = [end for end in self._ends(at) if end < offset]
        self._cross(at, offset, inside)
        self._begun = [(start, end) for start, end in self._begun if end != offset]
        self.next_end = min(self._ends(offset), default=-1)
        return bool(inside)

    def broken(self, at: int) -> bool:
        """The opcode at ``at``, or the next one, broke the stream: whether it crosses an end."""
        return self._cross(at, self._window.size_bytes, self._ends(at))

    def stopped(self, offset: int) -> bool:
        """STOP ends at ``offset``: whether a frame goes on; another stream may begin behind it."""
        waiting = self._ends(offset)
        for end in waiting:
            if end < self._window.size_bytes:
                self._drop(offset, end)
        return bool(waiting)

    def interrupted(self, offset: int, beyond: int, end_of: Callable[[int], int]) -> bool:
        """Raw bytes [offset, beyond) are read from the file here: whether a frame goes on.

        If one does, they are what stands behind it, up to the end that ``end_of`` gives.
        """
        waiting = self._ends(offset)
        for end in waiting:
            try:
                after = end_of(end)
            except OverLimitError:
                raise
            except ArtifactError:
                continue  # none are there: the loader ends
            size_bytes = self._window.size_bytes
            self._read_as(offset, [(end, after), (offset, end), (after, size_bytes)])
        self._begun = [(start, end) for start, end in self._begun if end > beyond]
        self.next_end = min(self._ends(beyond), default=-1)
        return bool(waiting)

    def _ends(self, offset: int) -> list[int]:
        return sorted({end for _, end in self._begun if end > offset})

    def _cross(self, at: int, offset: int, ends: list[int]) -> bool:
        is_crossed = False
        for start, stop in reads(self._window, at, offset) if ends else ():
            for end in ends:
                if start < end < stop:
                    is_crossed = True
                    self._drop(start, end)
        return is_crossed

    def _drop(self, start: int, end: int) -> None:
        self._read_as(start, [(end, self._window.size_bytes)])

    def _read_as(self, offset: int, then: Parts) -> None:
        """Another reading: all before ``offset`` but for the frames that are begun, then these."""
        if len(self.others) >= OTHERS:
            self.is_cut = True
            return
        parts, start = [], 0
        for at, _ in self._begun:
            if at + FRAME_BYTES < offset:
                parts.append((start, at))
                start = at + FRAME_BYTES
        self.others.append(joined(self._window, [*parts, (start, offset), *then]))


def reads(window: Window, at: int, end: int) -> Iterator[tuple[int, int]]:
    """What a loader reads at once, [start, end) each, of the opcode at ``at`` and of the next one.

    A literal and what stores it are passed together; beyond ``end`` nothing is looked at.
    """
    for _ in range(2):
        if at >= end:
            return
        code = window.read(at, 1)[0]
        at += 1
        argument = ARGUMENTS.get(code)
        if argument is None or code == STOP:
            return
        for size_bytes in _sizes(window, argument, at):
            yield at, at + size_bytes
            at += size_bytes
        if code == FRAME:
            return


def _sizes(window: Window, argument: Argument, at: int) -> Iterator[int]:
    if argument in {Argument.LINE, Argument.TWO_LINES}:
        for _ in range(2 if argument is Argument.TWO_LINES else 1):
            size_bytes = _line(window, at)
            yield size_bytes
            at += size_bytes
    elif width := LENGTH_BYTES.get(argument, 0):
        yield width
        yield int.from_bytes(window.read(at, width), "little")
    else:
        yield WIDTHS[argument] - 1


def _line(window: Window, at: int) -> int:
    """How long the line at ``at`` is with its newline; all that is left where it has none."""
    size_bytes = 0
    for block in window.blocks(at, LINE_BYTES):
        newline = block.find(b"\n")
        if newline >= 0:
            return size_bytes + newline + 1
        size_bytes += len(block)
    return size_bytes
