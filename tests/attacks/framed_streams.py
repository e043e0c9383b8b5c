"""Draws files of several pickles whose FRAMEs obey no rule; each call in them has its own name.

A frame of a pickler begins where the one before ended and ends between two opcodes before the STOP.
Here it begins in others, ends anywhere, is empty, goes on into the next pickle or beyond the file;
calls stand between the opcodes and in the bytes of literals, where a loader finds them that is off
by some bytes. The names are ``unheard.f0`` and so on: nothing of that name does anything.
"""

from __future__ import annotations

import random
import struct

NAMES = 40
PROTOCOLS = (b"", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
FILLING = (
    b"N0", b"K\x010", b"]0", b"(10", b"(0", b")0", b"\x940", b"J\0\0\0\x000", b"Vab\n0", b"I7\n0",
    b"q\x07", b"\x94", b"N", b"}", b"p3\n", b"\x88", b"G" + bytes(8) + b"0",
)  # fmt: skip
OFF_BY = (-9, -5, -4, -3, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 9, 13)
BEYOND = (0, 1, 1 << 16, (1 << 16) + 1, 1 << 20, 1 << 31, (1 << 62) + 5, (1 << 63) - 1)


def drawn(dice: random.Random) -> bytes:
    """A file of one to four pickles."""
    maker = _Maker(dice)
    return b"".join(maker.pickle() for _ in range(dice.choice((1, 1, 2, 2, 3, 4))))


class _Maker:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.count = 0

    def pickle(self) -> bytes:
        """A pickle: opcodes in frames, and mostly a STOP."""
        dice = self.dice
        body = b"".join(self.part(0) for _ in range(dice.randrange(1, 6)))
        stop = b"" if dice.random() < 0.1 else b"N."
        between = dice.choice((b"", b"", b"", b"\0", b"junk", b"\n", b"N"))
        return dice.choice(PROTOCOLS) + body + stop + between

    def part(self, depth: int) -> bytes:
        """An opcode, a call, or a frame of more of them."""
        dice, choice = self.dice, self.dice.random()
        if choice < 0.35 and depth < 4:
            body = b"".join(self.part(depth + 1) for _ in range(dice.randrange(0, 4)))
            length = max(0, len(body) + dice.choice(OFF_BY))
            length = dice.choice(BEYOND) if dice.random() < 0.12 else length
            return b"\x95" + struct.pack("<Q", length) + body
        if choice < 0.6:
            return self.call()
        if choice < 0.85:
            return self.literal()
        return dice.choice(FILLING)

    def call(self) -> bytes:
        """A call of the next name, in one of the ways of writing one."""
        name = b"f%d" % (self.count % NAMES)
        self.count += 1
        return self.dice.choice((
            b"cunheard\n" + name + b"\n)R0",
            b"(iunheard\n" + name + b"\n0",
            b"(cunheard\n" + name + b"\no0",
            b"\x8c\7unheard\x8c" + bytes([len(name)]) + name + b"\x93)R0",
            b"Vunheard\nV" + name + b"\n\x93)R0",
        ))  # fmt: skip

    def literal(self) -> bytes:
        """Text or bytes that hold opcodes, behind a length that may be another one."""
        dice = self.dice
        inside = b"".join(
            dice.choice((b"N", b"N" * dice.randrange(9), self.call(), b"N.", b"a"))
            for _ in range(dice.randrange(1, 4))
        )
        size = max(0, len(inside) + dice.choice((0, 0, 0, 0, 0, 1, -1, 4)))
        head = dice.choice((b"C", b"\x8c", b"U", b"B", b"X", b"T", b"\x8e", b"\x8d", b"\x96"))
        width = {b"C": "<B", b"\x8c": "<B", b"U": "<B", b"B": "<I", b"X": "<I", b"T": "<i"}
        if dice.random() < 0.15:
            return dice.choice((b"V", b"S")) + inside.replace(b"\n", b" ") + b"\n0"
        length = struct.pack(width.get(head, "<Q"), min(size, 255))
        return head + length + inside[: 255 if size == len(inside) else None] + b"0"
