"""Controls one reading process: starts it, gives it open files and waits up to a deadline."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time

import msgspec

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.how_it_ended import how_it_ended
from mlsec.artifacts.sandbox.modules import LOADED_FIRST
from mlsec.artifacts.sandbox.wire import (
    FRAME_BYTES,
    LENGTH_BYTES,
    Begin,
    Ready,
    ToChild,
    ToParent,
    frame,
)
from mlsec.core.errors import MlsecError

# Isolated, without site packages' start-up code and without writing bytecode; it is reported where
# the modules lie, as it has no environment to learn it from.
START = (
    "import gc, sys, json; gc.disable(); sys.path[:] = json.loads(sys.argv[1]); "
    "from mlsec.core.startup import load_msgspec; load_msgspec(); "
    "from mlsec.artifacts.sandbox.child import main; main()"
)
START_S = 60.0
_messages = msgspec.msgpack.Decoder(ToParent)


class WorkerGoneError(Exception):
    """The process ended, gave an invalid answer, or was ended; ``timed_out`` says why."""

    def __init__(self, detail: str, *, timed_out: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.timed_out = timed_out


class Worker:
    """One reading process; restarted by making another.

    ``modules`` are loaded before it locks itself in, beside those that most files need.
    """

    def __init__(self, limits: Limits, modules: tuple[str, ...] = (), start: str = START) -> None:
        self.limits = limits
        self._process, self._socket = _started(start)
        # A process that takes nothing any more must not hold up the scan.
        self._socket.settimeout(limits.wall_s)
        self._buffer = bytearray()
        self._confinement: Confinement | None = None
        self._lost: WorkerGoneError | None = None
        self.send(Begin(limits=limits, modules=(*LOADED_FIRST, *modules)))

    def send(self, message: ToChild, descriptor: int | None = None) -> None:
        """Write a message, and pass an open file with it.

        Raises:
            WorkerGoneError: the process is gone, or takes nothing any more.
        """
        if self._lost:
            raise self._lost
        data = memoryview(frame(message))
        try:
            if descriptor is not None:
                data = data[socket.send_fds(self._socket, [data], [descriptor]) :]
            self._socket.sendall(data)
        except TimeoutError:
            self._lost = WorkerGoneError("the process that read it took nothing", timed_out=True)
            self.stop()
            raise self._lost from None
        except OSError:
            raise self._gone() from None

    def confinement(self) -> Confinement:
        """What the process has given up; waits until it has.

        Raises:
            WorkerGoneError: it never came so far.
        """
        if self._confinement is None:
            message = self._message(time.monotonic() + START_S)
            if not isinstance(message, Ready):
                self.stop()
                raise WorkerGoneError("the process that read it answered nonsense")
            self._confinement = message.confinement
        return self._confinement

    def receive(self, deadline_s: float) -> ToParent:
        """The next message, waited for until ``deadline_s`` on the monotonic clock.

        Raises:
            WorkerGoneError: the process ended, or the time did.
        """
        self.confinement()
        return self._message(deadline_s)

    def stop(self) -> None:
        """End the process at once and free what it held."""
        self._process.kill()
        self._process.wait()
        self._socket.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _message(self, deadline_s: float) -> ToParent:
        length = int.from_bytes(self._take(LENGTH_BYTES, deadline_s), "little")
        if length > FRAME_BYTES:
            self.stop()
            raise WorkerGoneError("the process that read it answered nonsense")
        try:
            message: ToParent = _messages.decode(self._take(length, deadline_s))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.stop()
            raise WorkerGoneError(f"the process that read it answered nonsense: {error}") from None
        return message

    def _take(self, count: int, deadline_s: float) -> bytes:
        if self._lost or self._process.stdout is None:
            raise self._gone()
        descriptor = self._process.stdout.fileno()
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while len(self._buffer) < count:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not waiting.poll(1000 * left_s):
                self.stop()
                raise WorkerGoneError("reading it took too long", timed_out=True)
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                raise self._gone()
            self._buffer += piece
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _gone(self) -> WorkerGoneError:
        if self._lost is None:
            self.stop()
            how, timed_out = how_it_ended(self._process.returncode)
            self._lost = WorkerGoneError(f"the process that read it {how}", timed_out=timed_out)
        return self._lost


def _started(start: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the process; gives it and our end of the socket that is its standard input.

    Raises:
        MlsecError: it cannot be started.
    """
    paths = json.dumps([os.path.abspath(path) for path in sys.path])  # noqa: PTH100
    command = [sys.executable, "-I", "-S", "-B", "-c", start, paths]
    try:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
    except OSError as error:
        raise MlsecError(
            f"cannot start a process to read files in: {error.strerror}",
            hint="free memory or processes, or run with fewer workers",
        ) from None
    return process, ours
