"""Small inert payloads that other builders put into their containers."""

from __future__ import annotations

import struct

# Would run ``echo inert`` if it were ever loaded: global, mark, argument, tuple, call, stop.
EVIL_PICKLE = b"cos\nsystem\n(S'echo inert'\ntR."
# The same in protocol 2, as torch and joblib write it.
EVIL_PICKLE_2 = b"\x80\x02cposix\nsystem\nX\x0a\x00\x00\x00echo inert\x85R."
# {"weights": [1, 2, 3]}, protocol 2.
GOOD_PICKLE = b"\x80\x02}q\x00X\x07\x00\x00\x00weightsq\x01]q\x02(K\x01K\x02K\x03es."
SCRIPT = b"#!/bin/sh\necho inert\n"


def elf() -> bytes:
    """The header of a 64-bit shared object without sections, and some filling."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return (
        ident
        + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 0, 64, 0, 0)
        + (b"\x90" * 64)
    )


def portable_executable() -> bytes:
    """A DOS stub that points at a PE signature."""
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HH", 0x8664, 0)


def mach_o() -> bytes:
    """The header of a 64-bit Mach-O dynamic library."""
    return struct.pack("<IiiIIIII", 0xFEEDFACF, 0x01000007, 3, 6, 0, 0, 0, 0) + bytes(32)
