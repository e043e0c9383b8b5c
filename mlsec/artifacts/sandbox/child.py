"""The reading process: locks itself in, gets open files, reads and answers one by one."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
from collections.abc import Sequence
from typing import NoReturn

from mlsec.artifacts.bytes.window import DescriptorSource, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.formats.tensorflow.operators import known_operators
from mlsec.artifacts.inspect.attempt import attempt
from mlsec.artifacts.inspect.failed_inspection import crashed
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.pickle.policy.callable_lists import shipped_lists
from mlsec.artifacts.sandbox.inbox import Inbox
from mlsec.artifacts.sandbox.late_imports import LacksModuleError, import_by_asking
from mlsec.artifacts.sandbox.lock import allow_time, lock
from mlsec.artifacts.sandbox.wire import (
    READ_BYTES,
    Begin,
    Done,
    FarFile,
    Lacks,
    Load,
    LocalFile,
    Module,
    NoModule,
    Part,
    Ready,
    Refused,
    Soon,
    ToParent,
    Want,
    frame,
)
from mlsec.core.enums import GapReason

WRITE = 1


class RefusedError(ArtifactError):
    """The other side could not give the bytes."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.reason = refused.reason


class AskedSource:
    """A file whose bytes the scan's own process fetches; this one has no network."""

    __slots__ = ("_inbox", "bytes_read", "size_bytes")

    def __init__(self, inbox: Inbox, size_bytes: int) -> None:
        self._inbox = inbox
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
        match self._inbox.reply():
            case Part(data=data):
                self.bytes_read += len(data)
                return data
            case Refused() as refused:
                raise RefusedError(refused)
            case _:
                raise SystemExit(3)


def main() -> NoReturn:
    """Serve until the other side is gone."""
    inbox = Inbox()
    limits = begin(inbox)
    while True:
        message, descriptor = inbox.next()
        allow_time(limits)
        try:
            match message:
                case LocalFile():
                    answer(_read_local(message, descriptor, limits))
                case FarFile():
                    source = AskedSource(inbox, message.size_bytes)
                    answer(attempt(Window.over(source, message.name), limits))
                case _:
                    raise SystemExit(3)
        except LacksModuleError as lacking:
            send(Lacks(module=lacking.name))


def begin(inbox: Inbox) -> Limits:
    """Load what cannot be loaded later, lock this process in, and say how far that went."""
    first, _ = inbox.next()
    if not isinstance(first, Begin):
        raise SystemExit(3)
    for name in first.modules:
        with contextlib.suppress(ImportError):  # an optional package
            importlib.import_module(name)
    shipped_lists()
    known_operators()
    confinement = lock(first.limits)
    import_by_asking(lambda load: _asked(inbox, load))
    # Until now nothing became garbage, and what is loaded stays.
    gc.freeze()
    gc.enable()
    send(Ready(confinement=confinement))
    return first.limits


def answer(value: Inspection) -> None:
    """Send what was found; what cannot be sent is reported as a reading that failed."""
    try:
        data = frame(Done(inspection=value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        detail = f"its facts cannot be passed on: {error}"
        inspection = crashed(GapReason.UNSUPPORTED, detail, value.size_bytes)
        data = frame(Done(inspection=inspection))
    _write(data)


def _read_local(job: LocalFile, descriptor: int, limits: Limits) -> Inspection:
    try:
        source = DescriptorSource(descriptor, job.size_bytes)
        return attempt(Window.over(source, job.name), limits, leaves_python=job.leaves_python)
    finally:
        os.close(descriptor)


def _asked(inbox: Inbox, load: Load) -> Module | NoModule:
    send(load)
    match inbox.reply():
        case Module() | NoModule() as module:
            return module
        case _:
            raise SystemExit(3)


def send(message: ToParent) -> None:
    """Write a complete message."""
    _write(frame(message))


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(WRITE, view) :]
