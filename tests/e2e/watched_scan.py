"""Run as a program: the command line under an audit hook; writes what it did to a file.

``python -P watched_scan.py FILE scan ...``: -P as the installed command has it, so that nothing is
imported from the folder that the user stands in.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STARTING = frozenset(
    """subprocess.Popen os.exec os.posix_spawn os.spawn os.startfile os.system os.fork os.forkpty
    pty.spawn ctypes.dlopen""".split()  # noqa: SIM905
)
_CHANGING = frozenset(
    """os.mkdir os.rmdir os.remove os.rename os.link os.symlink os.truncate os.chmod os.chown
    os.utime os.setxattr shutil.copyfile shutil.move shutil.rmtree""".split()  # noqa: SIM905
)


def sort_of(event: str, arguments: tuple[Any, ...]) -> str:
    """Give under what an event is kept; "" for what nobody asks about."""
    if event in _STARTING:
        return "started"
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.")):
        return "" if _is_pair(event, arguments) else "network"
    if event == "open":
        return "written" if arguments[2] & _WRITING else "read"
    return "written" if event in _CHANGING else ""


def _is_pair(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether it is a pair of connected ends, with no address: the way to a reading process."""
    if event == "socket.__new__":
        return bool(arguments[1] == socket.AF_UNIX)
    return event == "socket.sendmsg" and arguments[1] is None


def main() -> int:
    """Scan as the command would, then tell."""
    log = os.open(sys.argv[1], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    told: dict[str, list[str]] = {}

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        sort = sort_of(event, arguments)
        if sort == "started":
            words = arguments[1] if event == "subprocess.Popen" else (event, *arguments)
            told.setdefault(sort, []).append(repr([str(word) for word in words or ()]))
        elif sort:
            told.setdefault(sort, []).append(_named(event, arguments))

    sys.addaudithook(watch)
    from mlsec.cli.main import main as command  # noqa: PLC0415 - what it imports is watched too

    code = command(sys.argv[2:])
    peak_kib = [_own_peak_kib(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
    os.write(log, json.dumps({**told, "peak_kib": peak_kib}).encode("utf-8", "backslashreplace"))
    return code


def _own_peak_kib() -> int:
    """The most memory that this program held; ru_maxrss also counts who started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/status does not tell VmHWM")


def _named(event: str, arguments: tuple[Any, ...]) -> str:
    what = arguments[0]
    if not isinstance(what, str | bytes | os.PathLike):
        return repr(what)
    name = os.fsdecode(what)
    if event in ("os.remove", "os.rmdir") and arguments[1] not in (-1, None):
        # Named from an open folder, as temporary ones are cleared.
        return os.path.join(os.readlink(f"/proc/self/fd/{arguments[1]}"), name)  # noqa: PTH115, PTH118
    return name


if __name__ == "__main__":
    sys.exit(main())
