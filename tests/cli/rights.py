"""Runs a test as a user for whom file modes count, also where the tests run as root."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# Source: linux/capability.h, linux/securebits.h, prctl(2).
_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_GET_SECUREBITS, _SET_SECUREBITS, _NOROOT = 27, 28, 1


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Words(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )  # fmt: skip


@contextmanager
def modes_count() -> Iterator[None]:
    """Let file modes bind this thread and the processes it starts, as they bind other users."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, words = _Header(_VERSION_3, 0), (_Words * 2)()
    _check(libc.capget(ctypes.byref(header), words))
    before = words[0].effective
    bits = libc.prctl(_GET_SECUREBITS, 0, 0, 0, 0)
    _check(libc.prctl(_SET_SECUREBITS, bits | _NOROOT, 0, 0, 0))
    words[0].effective = before & ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    _check(libc.capset(ctypes.byref(header), words))
    try:
        yield
    finally:
        words[0].effective = before
        _check(libc.capset(ctypes.byref(header), words))
        _check(libc.prctl(_SET_SECUREBITS, bits, 0, 0, 0))


def _check(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
