"""A worker's side of a unit's process: started, kept by renewals, and ended with its group."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from mlsec.fleet.guard import clock_s, frame, renewal
from mlsec.fleet.units import ErrorClass, Outcome

_ANSWER_BYTES = 256 << 20
# While the database does not answer, it is asked this often.
_ASK_AGAIN_S = 1.0
_LAPSED = "its lease ended while the database could not be asked"
# A unit's process ends before its lease does, on a busy machine too: no two ask a provider at once.
HOLDS = 0.8
Renew = Callable[[], bool | None]


class UnitProcess:
    """One attempt's process.

    Args:
        command: what to start; it becomes the leader of a process group.
        renew: prolongs the lease: whether it still holds, or None where nobody could say.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], lease_s: float, renew: Renew
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._lease_s = lease_s
        self._renew = renew
        self._answer = bytearray()
        self._input = self._output = -1
        self._is_stopped = False

    def run(self, message: bytes, deadline_s: float) -> Outcome:
        """Run it until it ends, its lease is lost, or ``stop`` is called."""
        their_input, self._input = os.pipe()
        self._output, their_output = os.pipe()
        os.set_blocking(self._output, False)
        try:
            try:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command, stdin=their_input, stdout=their_output, bufsize=0,
                    env=self._environment, cwd=Path.cwd(), process_group=0,
                )  # fmt: skip
            finally:
                os.close(their_input)
                os.close(their_output)
            try:
                self._send(frame(message, deadline_s))
                why = self._follow(process, deadline_s)
            finally:
                _end(process)
        finally:
            os.close(self._input)
            os.close(self._output)
        return _outcome(bytes(self._answer), why, process.returncode)

    def stop(self) -> None:
        """Let ``run`` end the process soon; called from another thread."""
        self._is_stopped = True

    def _follow(self, process: subprocess.Popen[bytes], deadline_s: float) -> str:
        """Read the answer and renew the lease until the process ends; say why it was ended."""
        ended = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None
        watched = [self._output] if ended is None else [self._output, ended]
        renew_at = clock_s() + self._lease_s / 3
        try:
            while True:
                wait_s = max(0.0, min(renew_at - clock_s(), 0.5 if ended is not None else 0.05))
                ready, _, _ = select.select(watched, [], [], wait_s)
                if self._output in ready and not self._read():
                    watched.remove(self._output)
                now = clock_s()
                if _has_ended(process):
                    self._read()
                    # Its guard ends it with its lease, which is no fault of the unit.
                    return "" if self._answer or now < deadline_s else _LAPSED
                if self._is_stopped:
                    return "its worker was stopped"
                if now >= deadline_s:
                    return _LAPSED
                if now >= renew_at:
                    holds = self._renew()
                    if holds is False:
                        return "its lease was taken back"
                    if holds:
                        deadline_s = now + self._lease_s * HOLDS
                        self._send(renewal(deadline_s))
                    renew_at = now + (self._lease_s / 3 if holds else _ASK_AGAIN_S)
        finally:
            if ended is not None:
                os.close(ended)

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end is seen at once
            while data:
                data = data[os.write(self._input, data) :]

    def _read(self) -> bool:
        """Take what there is; False at the end of it."""
        while True:
            try:
                part = os.read(self._output, 1 << 20)
            except BlockingIOError:
                return True
            if not part:
                return False
            if len(self._answer) < _ANSWER_BYTES:
                self._answer += part


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, without collecting it: its number stays that of its group."""
    state = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    return state is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the group: the guard, the one that worked and what that started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(answer: bytes, why: str, code: int) -> Outcome:
    if why:
        return Outcome(error_class=ErrorClass.LOST, error=why)
    try:
        return msgspec.json.decode(answer, type=Outcome)
    except msgspec.MsgspecError:
        number = -code if code < 0 else code - 128 if code > 128 else 0
        said = f"killed by signal {number}" if number else f"ended with code {code}"
        return Outcome(error_class=ErrorClass.CRASH, error=f"its process was {said}"
                       if number else f"its process {said} and no outcome")  # fmt: skip
