"""Restrictions of a reading process before it opens a file: memory, time, network, writing."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlsec.artifacts.limits import Limits

# Audit events of what no reader has any business doing. Source: CPython's audit event table.
FORBIDDEN = frozenset(
    """subprocess.Popen os.exec os.posix_spawn os.spawn os.startfile os.system os.fork os.forkpty
    os.kill os.killpg os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod
    os.chown os.chflags os.utime os.setxattr os.removexattr os.putenv os.unsetenv os.chdir
    pty.spawn pickle.find_class shutil.copyfile shutil.copytree shutil.move shutil.rmtree
    shutil.unpack_archive tempfile.mkstemp tempfile.mkdtemp webbrowser.open code.__new__
    sqlite3.connect ftplib.connect smtplib.connect telnetlib.Telnet.open urllib.Request""".split()  # noqa: SIM905
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OPEN_FILES = 64
NEW_NETWORK, NEW_USER = 0x40000000, 0x10000000


class ForbiddenError(RuntimeError):
    """A reader tried an operation that is forbidden to readers."""


def refuse(event: str, arguments: Sequence[Any]) -> None:
    """An audit hook that stops processes, sockets and writing before they happen.

    Raises:
        ForbiddenError: always for a forbidden event.
    """
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        is_writing = isinstance(flags, int) and flags & WRITING
        if is_writing or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise ForbiddenError(f"a reader opened {arguments[0]!r} for writing")
    elif event in FORBIDDEN or event.startswith("socket."):
        raise ForbiddenError(f"a reader asked for {event}")


def isolate(limits: Limits) -> None:
    """Limit this process for its lifetime; limits that the system lacks are left out."""
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_FSIZE, 0)
    _cap(resource.RLIMIT_NOFILE, OPEN_FILES)
    _cap(resource.RLIMIT_AS, _mapped_bytes() + limits.memory_bytes)
    _leave_network()
    sys.addaudithook(refuse)


def allow_time(limits: Limits) -> None:
    """Let the system end this process when the next file takes far more CPU than its limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + 1.5 * limits.cpu_s) + 5
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _cap(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):  # not every system knows every limit
        return


def _mapped_bytes() -> int:
    """What is mapped already, as the limit counts it too; 0 where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()


def _leave_network() -> None:
    """Move into a network of its own, without any device (Linux, where users may)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - only here, and only in a reading process

    libc = ctypes.CDLL(None, use_errno=True)
    # A user space of its own would cost root the right to read other users' files.
    if libc.unshare(NEW_NETWORK) and os.geteuid():
        libc.unshare(NEW_USER | NEW_NETWORK)
