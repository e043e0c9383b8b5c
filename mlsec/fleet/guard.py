"""A unit's process and its guard: it ends with its worker, and with its lease.

A worker that is frozen, killed or cut off cannot end what it started. So the process that it starts
is a guard: it forks the one that works, reads from the worker until when the lease holds, and ends
the whole process group at that time, or when the worker is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable

_LENGTH = struct.Struct("<Q")
_DEADLINE = struct.Struct("<d")
_PR_SET_PDEATHSIG = 1
# Where the system has no descriptor for a process, its end is looked for this often.
_LOOK_S = 0.05
# The clock that goes on while a machine sleeps, where there is one; all its processes share it.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock_s() -> float:
    """Give the seconds of a clock that all processes of this machine share."""
    return time.clock_gettime(_CLOCK)


def frame(message: bytes, deadline_s: float) -> bytes:
    """Give what a worker sends first: the message, with its length, and until when it holds."""
    return _LENGTH.pack(len(message)) + message + _DEADLINE.pack(deadline_s)


def renewal(deadline_s: float) -> bytes:
    """Give what a worker sends after each renewal: until when the lease now holds."""
    return _DEADLINE.pack(deadline_s)


def read_message(pipe: int) -> tuple[bytes, float]:
    """Read what a worker sent first.

    Raises:
        EOFError: the worker ended before it had sent all of it.
    """
    message = _exactly(pipe, _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0])
    return message, _DEADLINE.unpack(_exactly(pipe, _DEADLINE.size))[0]


def guarded(work: Callable[[], int], pipe: int, deadline_s: float) -> int:
    """Run ``work`` in a process of its own, and end it with the worker or with the lease.

    Call it in the leader of a process group, before there are threads.

    Returns:
        The exit code of the work, or 128 and the number of the signal that ended it.
    """
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _work(work, guard, pipe)
    ended = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    while True:
        left_s = deadline_s - clock_s()
        if left_s <= 0:
            _end_group()
        wait_s = left_s if ended is not None else min(left_s, _LOOK_S)
        ready, _, _ = select.select([pipe] if ended is None else [pipe, ended], [], [], wait_s)
        if pipe in ready:
            try:
                deadline_s = _DEADLINE.unpack(_exactly(pipe, _DEADLINE.size))[0]
            except EOFError:
                _end_group()
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _work(work: Callable[[], int], guard: int, pipe: int) -> None:
    code = 1
    try:
        _end_with_parent(guard)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, pipe)
        code = work()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _end_with_parent(parent: int) -> None:
    """Ask Linux to end this process with the one that forked it; elsewhere the group is ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _end_group() -> None:
    """End this process and all that it and its child started."""
    os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _exactly(pipe: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(pipe, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
