"""Makes pickles whose FRAME does not end between two opcodes, so that loaders read them otherwise.

Up to 3.13.14 and 3.14.6 the loader in C over a file drops what is left of a frame when it needs
more bytes than that, and goes on behind the frame: always over a ``BytesIO`` or an unbuffered file,
over a buffered one where the frame was longer than what that had read ahead. Of ``loads`` the
bytes are no file: it knows no frames. The loader in Python refuses. Bytes of BINBYTES, BINBYTES8,
SHORT_BINBYTES and BYTEARRAY8 are not dropped since 3.8, but those of their length are.
Source: python/cpython issue 154848; ``test_pickle_frames`` asks the loaders.
"""

from __future__ import annotations

import pickletools
import random
import struct
from collections.abc import Iterator, Mapping

import msgspec

COMMAND = b"cos\nsystem\n(V:\ntR"
PROTOCOLS = (b"", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# SHORT_BINBYTES, and a length that is an opcode itself to whom it is not one: 78 bytes follow.
SWALLOW, SWALLOWED = b"CN", 78
WIDTHS = {"uint2": 2, "int4": 4, "uint4": 4, "uint8": 8, "float8": 8}
COUNTED = {
    "long1": 1, "string1": 1, "bytes1": 1, "unicodestring1": 1, "long4": 4, "string4": 4,
    "bytes4": 4, "unicodestring4": 4, "bytes8": 8, "unicodestring8": 8, "bytearray8": 8,
}  # fmt: skip
# Lines that a name or an index is read from: what goes before, the line as it is inside the frame
# and behind it, and what makes a call of it.
LINES = {
    "GLOBAL": ((b"c", b"x", b"os\nsystem\n(V:\ntR"), (b"cos\n", b"x", b"system\n(V:\ntR")),
    "INST": ((b"(V:\ni", b"x", b"os\nsystem\n"), (b"(V:\nios\n", b"x", b"system\n")),
    "UNICODE": ((b"V", b"x", b"os\nVsystem\n\x93V:\n\x85R"),),
    "STRING": ((b"S", b"'x'", b"'os'\nVsystem\n\x93V:\n\x85R"),),
    "GET": (
        (b"Vos\np0\n0Vcopy\np10\n0g", b"1", b"0\nVsystem\n\x93V:\n\x85R"),
    ),
    "PUT": (
        (b"Vcopy\np0\n0Vos\np", b"1", b"0\n0g0\nVsystem\n\x93V:\n\x85R"),
    ),
    "PERSID": ((b"P", b"x", b"os\nVsystem\n\x93V:\n\x85R"),),
    "INT": ((b"I", b"1", b"0\n0" + COMMAND),),
    "LONG": ((b"L", b"1", b"0L\n0" + COMMAND),),
    "FLOAT": ((b"F", b"1", b"0\n0" + COMMAND),),
}  # fmt: skip

# What random streams are made of.
PIECES = (
    b"N", b"0", b"(", b"1", b"]", b"\x93", b"\x94", b"\x85", b"R", b"\0", b"\0\0\0",
    b"K\1", b"M\1\0", b"J\0\0\0\0", b"G" + bytes(8), b"q\0", b"h\0", b"r\1\0\0\0", b"j\0\0\0\0",
    b"C\3abc", b"B\4\0\0\0abcd", b"\x8e\2" + bytes(7) + b"ab", b"\x96\2" + bytes(7) + b"ab",
    b"\x8c\2os", b"\x8c\6system", b"\x8c\1:", b"X\2\0\0\0os", b"\x8d\2" + bytes(7) + b"os",
    b"U\1a", b"T\1\0\0\0a", b"\x8a\1\5", b"Vos\n", b"Vsystem\n", b"S'os'\n", b"I1\n", b"L1L\n",
    b"F1\n", b"p0\n", b"g0\n", b"cos\nsystem\n", b"CN",
)  # fmt: skip
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 20, 30, 50, 99)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` as it lies in the file, ``twin`` as the loader takes it that runs the command."""

    data: bytes
    twin: bytes


def frame(length: int) -> bytes:
    """The opcode FRAME."""
    return b"\x95" + struct.pack("<Q", length)


def crossing(head: bytes, inside: bytes, behind: bytes) -> Sample:
    """A frame of ``head`` and the bytes ``inside`` that a loader drops; it goes on ``behind``."""
    return Sample(data=frame(len(head + inside)) + head + inside + behind, twin=head + behind)


def hidden(skipped: int) -> bytes:
    """A command that who skips no bytes passes as the content of a SHORT_BINBYTES.

    The first ``skipped`` bytes are passed by who reads so many bytes more.
    """
    swallowed = (COMMAND + b".").ljust(SWALLOWED, b"N")
    return b"N" * (skipped - 1) + SWALLOW + swallowed + b"."


def by_opcode() -> Iterator[tuple[str, Sample]]:
    """For each opcode with an argument of more than one byte, each way of cutting it."""
    for opcode in pickletools.opcodes:
        kind = opcode.arg.name if opcode.arg else ""
        head = opcode.code.encode("latin-1")
        if kind in WIDTHS:
            cuts = _fixed(head, WIDTHS[kind])
        elif kind in COUNTED:
            cuts = _counted(head, COUNTED[kind])
        elif kind and kind != "uint1":
            cuts = (crossing(a, b, c + b".") for a, b, c in LINES[opcode.name])
        else:
            continue
        for number, sample in enumerate(cuts):
            yield f"{opcode.name}-{number}", sample


def _fixed(head: bytes, width: int) -> Iterator[Sample]:
    """So many bytes: cut in each place, told by what follows or broken where it is not cut."""
    ready = {b"r": b"N", b"j": b"Nq\x000"}.get(head, b"")
    for cut in range(1, width):
        behind = hidden(cut)
        yield crossing(ready + head, bytes(cut), bytes(width - cut) + behind)
        yield crossing(ready + head, bytes(cut), bytes(width) + COMMAND + b".")
    if head == b"\x95":
        yield from _frame_in_frame()


def _frame_in_frame() -> Iterator[Sample]:
    """A FRAME inside a frame that ends before it: who keeps to the first jumps to its end."""
    swallowed = (COMMAND + b".").ljust(SWALLOWED, b"N")
    for more in range(4):
        inner = frame(SWALLOWED)
        yield crossing(inner, b"N" * more + SWALLOW, swallowed + b".")


def _counted(head: bytes, width: int) -> Iterator[Sample]:
    """A length and so many bytes: cut in each place of the length, and in the bytes."""
    for cut in range(1, width):
        body = bytes(width) + COMMAND + b"."
        length = struct.pack("<Q", len(body) - (width - cut))[:cut]
        yield crossing(head, length, body + b".")
    for cut in range(1, 9):
        length = struct.pack("<Q", 9)[:width]
        yield crossing(head + length, b"a" * cut, b"a" * (9 - cut) + hidden(cut))


def wrapped(sample: Sample) -> Iterator[tuple[str, Sample]]:
    """The same behind each header, in other frames, behind other frames and streams."""
    data, twin = sample.data, sample.twin
    around = {
        **{f"protocol {head[1:].hex() or 'none'}": (head, b"") for head in PROTOCOLS},
        "behind a frame": (b"\x80\x04" + frame(2) + b"N0", b""),
        "behind an empty frame": (b"\x80\x04" + frame(0), b""),
        "behind two frames": (b"\x80\x04" + frame(1) + b"N" + frame(1) + b"0", b""),
        "in the middle": (b"\x80\x04]K\x01aN0", b""),
        "in a frame": (b"\x80\x04" + frame(len(data)), b""),
        "in a longer frame": (b"\x80\x04" + frame(len(data) + 4), b"NNNN"),
        "in a frame to its middle": (b"\x80\x04" + frame(len(data) // 2), b""),
        "in a frame that is too long": (b"\x80\x04" + frame(1 << 20), b""),
        "the second stream": (b"\x80\x04N.\x80\x04", b""),
        "before a stream": (b"\x80\x04", b"\x80\x04N."),
        "behind 8 KiB": (b"\x80\x04V" + b"a" * 8160 + b"\n0", b""),
        "behind 128 KiB": (b"\x80\x04V" + b"a" * (131072 - 20) + b"\n0", b""),
    }
    for name, (before, behind) in around.items():
        yield name, Sample(data=before + data + behind, twin=b"\x80\x04" + twin)
    size = int.from_bytes(data[1:9], "little")
    filled = b"X" + struct.pack("<I", 200_000) + b"a" * 200_000 + b"0"
    large = b"\x80\x04" + frame(size + len(filled)) + filled + data[9:]
    yield "a frame of 200 KB", Sample(data=large, twin=b"\x80\x04" + twin)


def between_streams() -> Mapping[str, Sample]:
    """A STOP before its frame ends: the next stream begins behind either of them."""
    evil = b"\x80\x04" + COMMAND + b"."
    text = b"\x80\x04\x8c" + bytes([len(evil)])
    return {
        "the end of the frame": Sample(
            data=b"\x80\x04" + frame(2 + len(text)) + b"N." + text + evil + b".", twin=evil
        ),
        "the STOP": Sample(
            data=b"\x80\x04" + frame(2 + len(evil)) + b"N." + evil + b"\x80\x04N.", twin=evil
        ),
        "the end of the frame, behind what begins no stream": Sample(
            data=b"\x80\x04" + frame(6) + b"N.\xff\xff\xff\xff" + evil, twin=evil
        ),
    }


def drawn(dice: random.Random) -> bytes:
    """Some opcodes, whole or not, in frames of any length, with a command among them."""
    parts = [b"\x80" + bytes([dice.randrange(2, 6)])] if dice.random() < 0.9 else []
    for _ in range(dice.randrange(1, 14)):
        choice = dice.random()
        if choice < 0.25:
            parts.append(
                frame(dice.choice((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 20, 30, 50, 99)))
            )
        elif choice < 0.45:
            parts.append(COMMAND + dice.choice((b"", b".")))
        elif choice < 0.5:
            parts.append(hidden(dice.randrange(1, 5)))
        elif choice < 0.56:
            parts.append(b"B" + bytes([dice.randrange(90), 0, 0, 0]))
        else:
            parts.append(dice.choice(PIECES))
    return b"".join(parts) + COMMAND * (dice.random() < 0.5) + b"." * dice.randrange(3)


def before_numbers() -> Mapping[str, Sample]:
    """A frame that goes on where joblib's numbers follow: they are read behind it.

    What is left of the frame are opcodes, which who ignores the frame takes for numbers.
    """
    samples = {}
    for is_padded in (False, True):
        wrapper, padding = _wrapper(is_padded=is_padded), b"\0" if is_padded else b""
        for more in (1, 2, 7):
            inside, numbers = b"N" * more, padding + bytes(NUMBERS - more)
            samples[f"{more} more bytes{', padded' * is_padded}"] = Sample(
                data=b"\x80\x04" + frame(len(wrapper + inside)) + wrapper + inside + numbers
                + hidden(more),
                twin=b"\x80\x04" + wrapper + padding + bytes(NUMBERS) + COMMAND + b".",
            )  # fmt: skip
    return samples


def numbers_behind_a_frame(*, is_padded: bool) -> bytes:
    """As joblib writes it: the frame ends with the wrapper."""
    wrapper, padding = _wrapper(is_padded=is_padded), b"\3\0\0\0" if is_padded else b""
    return b"\x80\x04" + frame(len(wrapper)) + wrapper + padding + bytes(NUMBERS) + b"."


NUMBERS = 64


def _wrapper(*, is_padded: bool) -> bytes:
    """The wrapper of an array of bytes, with its BUILD."""
    sizes = b"J\xff\xff\xff\xff" * 2
    dtype = b"cnumpy\ndtype\n\x8c\x02u1\x89\x88\x87R(K\x03\x8c\x01|NNN" + sizes + b"K\0tb"
    padded = b"\x8c\x1bnumpy_array_alignment_bytesK\x10" * is_padded
    state = b"}(\x8c\x05shapeK" + bytes([NUMBERS]) + b"\x85\x8c\x05dtype" + dtype + padded + b"u"
    return b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"b"
