"""Streams of opcodes as Hypothesis draws them: valid programs in ways that no pickler writes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

# Deeper values are drawn seldom, and make streams no better.
DEEPEST = 3


class Program:
    """Draws opcodes one by one; ``opcodes`` are whole ones, so that a FRAME can be put between."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.opcodes: list[bytes] = []
        self.memo: set[int] = set()

    def number(self, highest: int) -> int:
        """A number from 0 to ``highest``."""
        return self._dice.randint(0, highest)

    def emit(self, *opcodes: bytes) -> None:
        """Write these."""
        self.opcodes += opcodes

    def store(self) -> None:
        """Perhaps store the top, by either way of writing the memo; sometimes over an entry."""
        match self.number(5):
            case 0 | 1:
                self.memo.add(len(self.memo))
                self.emit(b"\x94")
            case 2:
                index = self.number(len(self.memo) + 3)
                self.memo.add(index)
                put = (b"q%c" % index if index < 256 else b"", b"r" + struct.pack("<I", index))
                self.emit(put[1] if index > 255 or self.number(1) else put[0])
            case 3 if not self.number(3):
                index = self.number(len(self.memo) + 3)
                self.memo.add(index)
                self.emit(b"p%d\n" % index)

    def text(self, text: str) -> None:
        """A text in one of its spellings."""
        data = text.encode()
        self.emit(
            (
                b"\x8c%c%s" % (len(data), data), b"X" + struct.pack("<I", len(data)) + data,
                b"U%c%s" % (len(data), data), b"V%s\n" % data, b"S'%s'\n" % data,
            )[self.number(4)]
        )  # fmt: skip

    def atom(self) -> None:
        """A number, a text, bytes, None or a truth value."""
        match self.number(9):
            case 0:
                self.text(("a", "key", "__class__", "_rebuild", "x" * 40)[self.number(4)])
            case 1:
                self.emit(b"C\x03abc")
            case 2:
                self.emit(b"B" + struct.pack("<I", 300) + b"c" * 300)
            case kind:
                self.emit(
                    (b"K\x07", b"J.Rc\x94", b"G.Rc\x94(0be", b"M\x93R", b"N", b"\x88", b"I7\n")[
                        kind - 3
                    ]
                )
        self.store()

    def again(self) -> None:
        """An entry of the memo."""
        if not self.memo:
            return self.atom()
        index = sorted(self.memo)[self.number(len(self.memo) - 1)]
        gets = (
            b"h%c" % index if index < 256 else b"g%d\n" % index,
            b"j" + struct.pack("<I", index),
        )
        self.emit(gets[self.number(1)])
        return None

    def numbers(self, count: int) -> None:
        """A run of numbers, of one kind or another."""
        kinds = (b"K\x07", b"J\x00\x00\x00(", b"G" + b"e" * 8, b"M\x65\x94", b"I12\n", b"N")
        self.emit(*[kinds[self.number(5)]] * count)

    def many(self) -> None:
        """A container of more numbers than are kept, in batches, with other things between."""
        is_list = bool(self.number(1))
        self.emit(b"]" if is_list else b"}")
        self.store()
        for _ in range(self.number(3) + 1):
            self.emit(b"(")
            self.numbers((0, 2, 40, 300)[self.number(3)])
            if not self.number(2):
                for _ in range(2):
                    self.value(DEEPEST)
            self.emit(b"e" if is_list else b"u")
        for _ in range(self.number(30) if is_list else 0):
            self.emit(b"K\x09", b"a")

    def container(self, depth: int) -> None:
        """A list, tuple, dict, set or frozenset of values."""
        kind, count = self.number(8), self.number(4)
        before, after = (
            (b"]", b""), (b"(", b"t"), (b"(", b"l"), (b"](", b"e"), (b"}(", b"u"), (b"(", b"d"),
            (b"\x8f(", b"\x90"), (b"(", b"\x91"), (b"", b""),
        )[kind]  # fmt: skip
        self.emit(*(bytes((code,)) for code in before))
        if kind == 8:  # TUPLE1 to TUPLE3
            count = count % 3 + 1
        for _ in range(0 if kind == 0 else 2 * count if kind in (4, 5) else count):
            self.value(depth)
        self.emit(*([bytes((0x84 + count,))] if kind == 8 else [after] if after else []))
        if kind == 0 and self.number(1):
            self.value(depth)
            self.emit(b"a")
        self.store()

    def name(self) -> None:
        """An import, by lines or by texts that may come from the memo."""
        module, name = f"m{self.number(3)}", f"n{self.number(3)}"
        if self.number(1):
            self.emit(f"c{module}\n{name}\n".encode())
        else:
            self.text(module)
            self.store()
            self.text(name)
            self.store()
            self.emit(b"\x93")
        self.store()

    def tuple_of(self, depth: int) -> None:
        """Arguments."""
        count = self.number(3)
        self.emit(b"(")
        for _ in range(count):
            self.value(depth)
        self.emit(b"t")
        self.store()

    def call(self, depth: int) -> None:
        """A call in one of the five ways, of a name or of anything, perhaps with a state."""
        kind = self.number(4)
        if kind == 4:
            self.emit(b"(")
            self.value(depth)
            self.emit(b"im%d\nn%d\n" % (self.number(3), self.number(3)))
        else:
            self.emit(*[b"("] if kind == 3 else [])
            self.name() if self.number(5) else self.value(depth)
            if kind == 3:
                self.value(depth)
            else:
                self.tuple_of(depth)
            self.emit(*[b"}"] if kind == 2 else [])
            self.emit((b"R", b"\x81", b"\x92", b"o")[kind])
        self.store()
        self.changed(depth)

    def changed(self, depth: int) -> None:
        """What may follow a call: a state, items."""
        match self.number(5):
            case 0:
                self.value(depth)
                self.emit(b"b")
            case 1:
                self.emit(b"(")
                self.value(depth)
                self.value(depth)
                self.emit((b"u", b"e", b"\x90")[self.number(2)])
            case 2:
                self.value(depth)
                self.emit(b"a")

    def nothing(self, depth: int) -> None:
        """Opcodes that leave the stack as it was."""
        match self.number(3):
            case 0:
                self.value(depth)
                self.emit(b"0")
            case 1:
                self.emit(b"(")
                self.value(depth)
                self.emit(b"1")
            case 2:
                self.emit(b"(", b"0")
            case _:
                self.atom()
                self.emit(b"2", b"0", b"0")

    def value(self, depth: int) -> None:
        """One value on the stack."""
        if not self.number(9) and depth < DEEPEST:
            self.nothing(depth + 1)
        kind = self.number(9) if depth < DEEPEST else self.number(3)
        match kind:
            case 0 | 1:
                self.atom()
            case 2:
                self.again()
            case 3:
                self.name()
            case 4 | 5:
                self.container(depth + 1)
            case 6:
                self.many()
            case _:
                self.call(depth + 1)


@st.composite
def programs(draw: Callable[..., Random], *, is_framed: bool = True) -> bytes:
    """A stream with its PROTO and STOP, perhaps in frames that end between two opcodes."""
    program = Program(draw(st.randoms(use_true_random=True)))
    for _ in range(program.number(4) + 1):
        program.value(0)
        program.emit(b"0")
    program.value(0)
    opcodes = [*program.opcodes, b"."]
    stream, place = [bytes((0x80, program.number(5)))], 0
    while place < len(opcodes):
        count = program.number(60) + 1
        part = b"".join(opcodes[place : place + count])
        if is_framed and program.number(1):
            stream.append(b"\x95" + struct.pack("<Q", len(part)))
        stream.append(part)
        place += count
    return b"".join(stream)
