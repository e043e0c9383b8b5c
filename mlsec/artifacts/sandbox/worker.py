"""Controls one reading process: starts it, sends it files and waits up to a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time

import msgspec

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.wire import (
    FRAME_BYTES,
    LENGTH_BYTES,
    Begin,
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
_messages = msgspec.msgpack.Decoder(ToParent)


class WorkerGoneError(Exception):
    """The process ended, gave an invalid answer, or was ended; ``timed_out`` says why."""

    def __init__(self, detail: str, *, timed_out: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.timed_out = timed_out


class Worker:
    """One reading process; restarted by making another."""

    def __init__(self, limits: Limits) -> None:
        paths = json.dumps([os.path.abspath(path) for path in sys.path])  # noqa: PTH100
        command = [sys.executable, "-I", "-S", "-B", "-c", START, paths]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                command,
                stdin=subprocess.PIPE,
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
        self.limits = limits
        self._buffer = bytearray()
        self._lost: WorkerGoneError | None = None
        self.send(Begin(limits=limits))

    def send(self, message: ToChild) -> None:
        """Write a message.

        Raises:
            WorkerGoneError: the process is gone.
        """
        if self._lost or self._process.stdin is None:
            raise self._gone()
        view = memoryview(frame(message))
        try:
            while view:
                view = view[os.write(self._process.stdin.fileno(), view) :]
        except OSError:
            raise self._gone() from None

    def receive(self, deadline_s: float) -> ToParent:
        """The next message, waited for until ``deadline_s`` on the monotonic clock.

        Raises:
            WorkerGoneError: the process ended, or the time did.
        """
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

    def stop(self) -> None:
        """End the process at once and free what it held."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

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
            code = self._process.returncode
            how = f"by signal {-code}" if code < 0 else f"with code {code}"
            self._lost = WorkerGoneError(f"the process that read it ended {how}")
        return self._lost
