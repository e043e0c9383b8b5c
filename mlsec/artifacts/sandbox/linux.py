"""Takes from a process on Linux what it does not need: privileges, the file system, system calls.

The kernel's interfaces by ctypes: PyPI's landlock (development releases of 2025 only) and others
do one of these each, and a few calls are all that is needed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
from collections.abc import Sequence

from mlsec.artifacts.sandbox.renderer_syscalls import Renderer, renderer_filter
from mlsec.artifacts.sandbox.syscalls import is_known, reader_filter

_SET_PARENT_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 1, 4, 22, 38
_CLEAR_AMBIENT = (47, 4)
_SIGKILL = 9
_FILTER_MODE = 2
_CAPABILITIES_VERSION, _CAP_KILL = 0x2008_0522, 1 << 5
NOBODY = 65534
# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_BENEATH = 1
# Rights of Landlock on what lies beneath a path: to run a file, to read one, to list a folder.
_RUN, _READ, _LIST = 1 << 0, 1 << 2, 1 << 3
# The system call and the flag that put a filter on all threads of this process.
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SECCOMP_FILTER, _ALL_THREADS = 1, 1
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


def leave_files(readable: Sequence[str] = (), run: Sequence[str] = ()) -> str:
    """Deny every file, TCP port and outside process by Landlock; "" or why it is not in force.

    What lies beneath ``readable`` may be read, and what lies beneath ``run`` run as well.
    """
    version = _libc.syscall(_CREATE_RULESET, None, 0, _VERSION_ONLY)
    if version < 1:
        return "the kernel has no Landlock"
    rights = struct.pack("=QQQ", *((1 << bits) - 1 for bits in _RIGHTS[min(version, 6)]))
    ruleset = _libc.syscall(_CREATE_RULESET, rights, len(rights), 0)
    if ruleset < 0:
        return _error()
    try:
        for paths, rights_there in ((readable, _READ | _LIST), (run, _READ | _RUN)):
            for path in paths:
                _allow(ruleset, path, rights_there)
        return _error() if _libc.syscall(_RESTRICT_SELF, ruleset, 0) else ""
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Let a path be read or run; one that is not there is left out."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= ~_LIST
        _libc.syscall(_ADD_RULE, ruleset, _BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def keep_to_reading() -> str:
    """Refuse all system calls but a reader's, for good; "" or why they are not refused."""
    machine = os.uname().machine
    if not is_known(machine):
        return f"mlsec has no filter for {machine}"
    program = reader_filter(machine, os.getpid())
    return _prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(_Program(len(program) // 8, program)))


def keep_to_rendering(kind: Renderer) -> str:
    """Refuse all system calls but a renderer's, in all threads that there are; "" or why not."""
    machine = os.uname().machine
    if not is_known(machine):
        return f"mlsec has no filter for {machine}"
    program = renderer_filter(machine, os.getpid(), kind)
    place = ctypes.byref(_Program(len(program) // 8, program))
    refused = _libc.syscall(_SECCOMP[machine], _SECCOMP_FILTER, _ALL_THREADS, place)
    return _error() or "one of its threads has another filter" if refused else ""


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
