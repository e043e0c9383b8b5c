"""What a unit's process does: read its assignment, do it, and say in one line how that ended."""

from __future__ import annotations

import errno
import os
import resource
import sys
import traceback
from collections.abc import Callable

import msgspec

from mlsec.core.errors import MlsecError, NoRoomError
from mlsec.fleet.guard import guarded, read_message
from mlsec.fleet.units import Assignment, ErrorClass, Figures, Outcome

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
Do = Callable[[Assignment], Outcome]


class UnitError(Exception):
    """A unit that cannot go on: the class of its error, and the right that it lacks."""

    def __init__(self, error_class: ErrorClass, text: str, missing_right: str = "") -> None:
        super().__init__(text)
        self.error_class = error_class
        self.missing_right = missing_right


def main(do: Do) -> int:
    """Be the process of one unit: the assignment comes on standard input, the outcome goes out.

    Whatever the unit prints goes to standard error, so that it cannot pose as an outcome.

    Returns:
        0 where the unit is done, 1 where it failed and says how.

    Raises:
        MlsecError: no worker has started it.
    """
    try:
        message, deadline_s = read_message(_STDIN)
        assignment = msgspec.json.decode(message, type=Assignment)
    except (EOFError, OSError, msgspec.MsgspecError):
        raise MlsecError(
            "no assignment of a worker is on standard input",
            hint="mlsec fleet worker starts this command for each unit",
        ) from None
    answer = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    start_s = _cpu_s(resource.RUSAGE_SELF)

    def work() -> int:
        outcome = _measured(outcome_of(do, assignment), start_s)
        line = msgspec.json.encode(outcome) + b"\n"
        while line:
            line = line[os.write(answer, line) :]
        return 1 if outcome.error_class else 0

    return guarded(work, _STDIN, deadline_s)


def outcome_of(do: Do, assignment: Assignment) -> Outcome:
    """Do what is assigned; every error becomes an outcome with its class."""
    try:
        outcome = do(assignment)
    except UnitError as error:
        outcome = Outcome(
            error_class=error.error_class, error=str(error), missing_right=error.missing_right
        )
    except NoRoomError as error:
        outcome = Outcome(error_class=ErrorClass.DISK, error=str(error))
    except MlsecError as error:
        outcome = Outcome(error_class=ErrorClass.BUG, error=error.message)
    except OSError as error:
        is_full = error.errno in _NO_ROOM
        outcome = Outcome(error_class=ErrorClass.DISK if is_full else ErrorClass.BUG,
                          error=_text(error))  # fmt: skip
    except MemoryError:
        outcome = Outcome(error_class=ErrorClass.CRASH, error="out of memory")
    except Exception as error:  # noqa: BLE001 - a unit ends with an outcome, whatever happens in it
        traceback.print_exc(file=sys.stderr)
        outcome = Outcome(error_class=ErrorClass.BUG, error=_text(error))
    return outcome


def _measured(outcome: Outcome, start_s: float) -> Outcome:
    """Add what this process cost, with its start and what it started and waited for."""
    cpu_s = start_s + _cpu_s(resource.RUSAGE_SELF) + _cpu_s(resource.RUSAGE_CHILDREN)
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    figures = Figures(
        calls=outcome.figures.calls, cpu_ms=round(cpu_s * 1000),
        peak_bytes=peak * (1 if sys.platform == "darwin" else 1024),
    )  # fmt: skip
    return msgspec.structs.replace(outcome, figures=figures)


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _text(error: Exception) -> str:
    return "".join(traceback.format_exception_only(error)).strip()
