"""Reads the files that a user names: regular files, and pipes that the user's shell opened."""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path

from mlsec.core.foreign import refuse_foreign_link

MAX_BYTES = 2 << 30
MAX_TEXT_BYTES = 64 << 20
# How long a pipe may bring nothing: what writes to it may first have to ask somebody.
PIPE_WAIT_S = 60.0
_BLOCK = 1 << 16
_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder"),
    (stat.S_ISFIFO, errno.EINVAL, "it is a named pipe"),
    (stat.S_ISSOCK, errno.EINVAL, "it is a socket"),
    (stat.S_ISCHR, errno.EINVAL, "it is a device"),
    (stat.S_ISBLK, errno.EINVAL, "it is a device"),
)
# Nothing of the machine's own is replaced by a file; shared memory is a folder like any other.
_OF_THE_SYSTEM = ("/dev/", "/proc/", "/sys/")
_ORDINARY = "/dev/shm/"  # noqa: S108 - a name to compare with, nothing is put there


def read_named_file(path: str | Path, limit_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file whole, or a pipe of the shell's such as ``<(command)`` to its end.

    Opening never waits: a named pipe that nobody writes to would hold a scan for ever.

    Raises:
        OSError: it cannot be read, is a folder, a device, a named pipe or a socket, or holds more
            than ``limit_bytes``; ``strerror`` says which.
    """
    check_regular(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        facts = os.fstat(descriptor)
        _refuse_special(path, facts)
        if stat.S_ISFIFO(facts.st_mode):
            data = _read_pipe(path, descriptor, limit_bytes)
        elif facts.st_size > limit_bytes:
            raise _too_large(path, limit_bytes)
        else:
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                data = file.readall()
    finally:
        os.close(descriptor)
    if len(data) > limit_bytes:
        raise _too_large(path, limit_bytes)
    return data


def read_named_text(path: Path, limit_bytes: int = MAX_TEXT_BYTES) -> str:
    r"""Read a file of UTF-8 text, with ``\n`` for every end of a line.

    Raises:
        OSError: as ``read_named_file``.
        UnicodeDecodeError: it is not UTF-8.
    """
    text = read_named_file(path, limit_bytes).decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_regular(path: str | Path) -> None:
    """Refuse what is neither a regular file nor a pipe that the shell opened; nothing is opened.

    Raises:
        OSError: as ``read_named_file``.
    """
    facts = os.stat(path)  # noqa: PTH116 - a Path for each of a thousand rules takes long
    _refuse_special(path, facts)


def check_replaceable(path: Path) -> None:
    """Refuse to put a file in the place of what is no regular file, or where the system's own are.

    Raises:
        OSError: a device, named pipe or socket lies there, or it is in /dev, /proc or /sys.
        MlsecError: a link that is scanned would be followed.
    """
    refuse_foreign_link(path.parent)
    place = f"{os.path.realpath(path.parent)}/"
    if place.startswith(_OF_THE_SYSTEM) and not place.startswith(_ORDINARY):
        raise OSError(errno.EINVAL, f"{place} is the system's own", str(path))
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISLNK(facts.st_mode) and not stat.S_ISDIR(facts.st_mode):
        _refuse_special(path, facts)


def _refuse_special(path: str | Path, facts: os.stat_result) -> None:
    if stat.S_ISREG(facts.st_mode):
        return
    if stat.S_ISFIFO(facts.st_mode) and _is_of_the_shell(path):
        return
    for is_kind, code, what in _KINDS:
        if is_kind(facts.st_mode):
            raise OSError(code, f"{what}, and a regular file was expected", str(path))


def _is_of_the_shell(path: str | Path) -> bool:
    """Whether it is a descriptor of this process, which the shell opened."""
    folder = os.path.realpath(os.path.dirname(path))  # noqa: PTH120 - one of many calls at a start
    is_listed = folder in ("/dev/fd", f"/proc/{os.getpid()}/fd")
    return is_listed or os.path.abspath(path) == "/dev/stdin"  # noqa: PTH100


def _read_pipe(path: str | Path, descriptor: int, limit_bytes: int) -> bytes:
    parts, size = [], 0
    while size <= limit_bytes:
        ready, _, _ = select.select([descriptor], [], [], PIPE_WAIT_S)
        if not ready:
            raise OSError(
                errno.ETIMEDOUT, f"nothing came through the pipe for {PIPE_WAIT_S:.0f} s", str(path)
            )
        try:
            part = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            continue
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _too_large(path: str | Path, limit_bytes: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {limit_bytes >> 20:,} MiB", str(path))
