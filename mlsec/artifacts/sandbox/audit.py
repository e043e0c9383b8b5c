"""Refusals inside Python where the kernel refuses nothing: they do not hold native code back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

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
