"""Takes from a process on Linux what it does not need: privileges, the file system, system calls.

The kernel's interfaces by ctypes: PyPI's landlock (development releases of 2025 only) and others
do one of these each, and a few calls are all that is needed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct

from mlsec.artifacts.sandbox.syscalls import is_known, reader_filter

_SET_PARENT_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 1, 4, 22, 38
_CLEAR_AMBIENT = (47, 4)
_SIGKILL = 9
_FILTER_MODE = 2
_CAPABILITIES_VERSION, _CAP_KILL = 0x2008_0522, 1 << 5
NOBODY = 65534
# The same numbers on every architecture.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION_ONLY = 1
# By version of Landlock: how many bits there are for files, for the network, for scopes.
_RIGHTS = {1: (13, 0, 0), 2: (14, 0, 0), 3: (15, 0, 0), 4: (15, 2, 0), 5: (16, 2, 0), 6: (16, 2, 2)}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def give_up_new_privileges() -> str:
    """Nothing that this process runs gains rights; "" or why that cannot be had."""
    return _prctl(_SET_NO_NEW_PRIVS, 1)


def become_nobody() -> str:
    """Leave the superuser's identity; "" or why this process keeps it."""
    if 0 not in os.getresuid():
        return ""
    # The scan must still be able to end this process.
    if not _permitted() & _CAP_KILL:
        return "runs as root, which may not change its user here"
    with contextlib.suppress(OSError):  # not every user namespace allows it
        os.setgroups([])
    try:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError as error:
        is_alone = error.errno == errno.EINVAL
        return "root is the only user here" if is_alone else f"runs as root: {error.strerror}"
    return ""


def drop_capabilities() -> str:
    """Give up every capability for good; "" or why some are left."""
    _prctl(*_CLEAR_AMBIENT)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION, 0))
    if _libc.capset(header, ctypes.create_string_buffer(24)):
        return _error()
    return "" if not _permitted() else "the kernel keeps them"


def hide() -> str:
    """Keep other processes from looking into this one, and let it end with the scan."""
    return _prctl(_SET_DUMPABLE, 0) or _prctl(_SET_PARENT_SIGNAL, _SIGKILL)


def leave_files() -> str:
    """Deny every file, TCP port and outside process by Landlock; "" or why it is not in force."""
    version = _libc.syscall(_CREATE_RULESET, None, 0, _VERSION_ONLY)
    if version < 1:
        return "the kernel has no Landlock"
    rights = struct.pack("=QQQ", *((1 << bits) - 1 for bits in _RIGHTS[min(version, 6)]))
    ruleset = _libc.syscall(_CREATE_RULESET, rights, len(rights), 0)
    if ruleset < 0:
        return _error()
    try:
        return _error() if _libc.syscall(_RESTRICT_SELF, ruleset, 0) else ""
    finally:
        os.close(ruleset)


def keep_to_reading() -> str:
    """Refuse all system calls but a reader's, for good; "" or why they are not refused."""
    machine = os.uname().machine
    if not is_known(machine):
        return f"mlsec has no filter for {machine}"
    program = reader_filter(machine, os.getpid())
    return _prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(_Program(len(program) // 8, program)))


def _permitted() -> int:
    """The lower 32 capabilities that are permitted; bit 32 stands for any of the others."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION, 0))
    data = ctypes.create_string_buffer(24)
    if _libc.capget(header, data):
        return -1
    _, low, _, _, high, _ = struct.unpack("=6I", data.raw[:24])
    return int(low) | bool(high) << 32


def _prctl(option: int, *arguments: object) -> str:
    words = [
        ctypes.c_ulong(argument) if isinstance(argument, int) else argument
        for argument in (*arguments, 0, 0, 0, 0)[:4]
    ]
    return _error() if _libc.prctl(option, *words) else ""


def _error() -> str:
    return os.strerror(ctypes.get_errno())
