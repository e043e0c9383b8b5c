"""What the process of a command owes the system: three open streams, and an end on signals."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_received: list[int] = []


def open_streams() -> None:
    """Open what of stdin, stdout and stderr is closed, so that no other file gets its number.

    It is opened the wrong way round: who reads or writes there gets an error, as if it were closed.
    """
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free, and those below it are taken.
            os.open(os.devnull, mode)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does; one that was ignored stays ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    for other in _ENDING:  # a second one ends it at once
        if signal.getsignal(other) is _interrupt:
            signal.signal(other, signal.SIG_DFL)
    raise KeyboardInterrupt


def signal_received() -> int:
    """Give the number of the signal that asked for the end, 0 when none did."""
    return _received[0] if _received else 0


def leave(code: int) -> NoReturn:
    """End the process at once: to take apart what a scan holds is work for nobody."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
