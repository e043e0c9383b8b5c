"""The reading process: gets files over a pipe, reads one after the other, answers each."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Callable, Sequence
from typing import NoReturn

import msgspec

from mlsec.artifacts.bytes.window import FileSource, Source, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.attempt import attempt
from mlsec.artifacts.inspect.failed_inspection import crashed, unreadable
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.guard import allow_time, isolate
from mlsec.artifacts.sandbox.wire import (
    LENGTH_BYTES,
    READ_BYTES,
    Begin,
    Done,
    FarFile,
    LocalFile,
    Part,
    Refused,
    Soon,
    ToChild,
    ToParent,
    Want,
    frame,
)
from mlsec.core.enums import GapReason

READ, WRITE = 0, 1
_messages = msgspec.msgpack.Decoder(ToChild)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class RefusedError(ArtifactError):
    """The other side of the pipe could not give the bytes."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.reason = refused.reason


class PipeSource:
    """A file whose bytes the scan's own process fetches; this one has no network."""

    __slots__ = ("bytes_read", "size_bytes")

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.bytes_read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Ask for bytes, a long read in several pieces.

        Raises:
            RefusedError: they could not be had.
        """
        pieces = list[bytes]()
        end = min(offset + length, self.size_bytes)
        while offset < end:
            piece = self._ask(offset, min(end - offset, READ_BYTES))
            pieces.append(piece)
            offset += len(piece)
            if not piece:
                break
        return b"".join(pieces)

    def prefetch(self, spans: Sequence[tuple[int, int]]) -> None:
        """Pass on what will be asked for."""
        send(Soon(spans=tuple(spans)))

    def _ask(self, offset: int, length: int) -> bytes:
        send(Want(offset=offset, length=length))
        match receive():
            case Part(data=data):
                self.bytes_read += len(data)
                return data
            case Refused() as refused:
                raise RefusedError(refused)
            case _:
                raise SystemExit(3)


def main() -> NoReturn:
    """Serve until the pipe is closed."""
    first = receive()
    if not isinstance(first, Begin):
        raise SystemExit(3)
    isolate(first.limits)
    # Until now nothing became garbage, and what is loaded stays.
    gc.freeze()
    gc.enable()
    while True:
        message = receive()
        allow_time(first.limits)
        match message:
            case LocalFile():
                result = _read_local(message, first.limits)
            case FarFile():
                source = PipeSource(message.size_bytes)
                result = attempt(Window.over(source, message.name), first.limits)
            case _:
                raise SystemExit(3)
        answer(result)


def answer(value: Inspection) -> None:
    """Send what was found; what cannot be sent is reported as a reading that failed."""
    try:
        data = frame(Done(inspection=value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        detail = f"its facts cannot be passed on: {error}"
        inspection = crashed(GapReason.UNSUPPORTED, detail, value.size_bytes)
        data = frame(Done(inspection=inspection))
    _write(data)


def _read_local(job: LocalFile, limits: Limits) -> Inspection:
    try:
        descriptor = os.open(job.path, _OPEN)
    except OSError as error:
        reason = GapReason.DENIED if isinstance(error, PermissionError) else GapReason.UNRESOLVED
        return unreadable(reason, f"cannot be opened: {error.strerror}")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return unreadable(GapReason.UNSUPPORTED, "is not a regular file")
        source: Source = FileSource(descriptor)
        return attempt(Window.over(source, job.name), limits)
    finally:
        os.close(descriptor)


def send(message: ToParent) -> None:
    """Write a complete message."""
    _write(frame(message))


def receive() -> ToChild:
    """The next message; ends the process when the other side is gone."""
    length = int.from_bytes(_exactly(LENGTH_BYTES), "little")
    message: ToChild = _messages.decode(_exactly(length))
    return message


def _exactly(count: int, read: Callable[[int, int], bytes] = os.read) -> bytes:
    pieces, left = list[bytes](), count
    while left:
        piece = read(READ, min(left, 1 << 20))
        if not piece:
            raise SystemExit(0)
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(WRITE, view) :]
