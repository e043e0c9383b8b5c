"""Runs a command as on a kernel without seccomp filters and Landlock: a filter refuses both.

``python without.py COMMAND ...``
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

from tests.attacks.inside.numbers import NUMBERS

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, INVALID, UNKNOWN = 0x7FFF0000, 0x00050016, 0x00050026  # EINVAL, ENOSYS
SET_SECCOMP, NO_NEW_PRIVS = 22, 38
LANDLOCK_CREATE_RULESET = 444
STEPS = (
    (LOAD, 0, 0, 0),
    (EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
    (RETURN, 0, 0, UNKNOWN),
    (EQUAL, 0, 1, NUMBERS["seccomp"]),
    (RETURN, 0, 0, UNKNOWN),
    (EQUAL, 0, 3, NUMBERS["prctl"]),
    (LOAD, 0, 0, 16),
    (EQUAL, 0, 1, SET_SECCOMP),
    (RETURN, 0, 0, INVALID),
    (RETURN, 0, 0, ALLOW),
)


def main() -> None:
    """Install the filter and become the command."""
    program = b"".join(struct.pack("=HBBI", *step) for step in STEPS)
    buffer = ctypes.create_string_buffer(program)
    head = ctypes.create_string_buffer(struct.pack("HP", len(STEPS), ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None)
    words = [ctypes.c_ulong(0)] * 3
    if libc.prctl(NO_NEW_PRIVS, ctypes.c_ulong(1), *words) or libc.prctl(
        SET_SECCOMP, ctypes.c_ulong(2), head
    ):
        sys.exit("no filter can be set here")
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - what the test gives


if __name__ == "__main__":
    main()
