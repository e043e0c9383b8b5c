"""The one thread that writes: calls come from many threads and are committed in small batches."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mlsec.snapshot.records import Call

End = tuple[Call, bytes | None]
_PAUSE_S = 0.02


class Writer:
    """Collects ends of calls and hands them to ``write`` a few times a second.

    A killed process loses at most what came in the last moments: those calls are asked again.
    The first error of ``write`` is raised by every later ``put`` and ``flush``.
    """

    def __init__(self, write: Callable[[list[End]], None]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._waiting: list[End] = []
        self._is_writing = self._is_closed = False
        self._failure: Exception | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, end: End) -> None:
        """Take one end of a call.

        Raises:
            MlsecError: an earlier batch could not be written.
        """
        with self._changed:
            if self._failure is not None:
                raise self._failure
            if self._is_closed:
                return
            self._waiting.append(end)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True, name="writer")
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything that was put is committed.

        Raises:
            MlsecError: it could not be written.
        """
        with self._changed:
            while (self._waiting or self._is_writing) and self._failure is None:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Write what waits and end the thread; later ends are dropped."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        self._stopped.set()
        if thread is not None:
            thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                batch, self._waiting, self._is_writing = self._waiting, [], True
            failure = self._attempt(batch)
            with self._changed:
                self._is_writing = False
                self._failure = self._failure or failure
                self._changed.notify_all()
                if self._failure is not None:
                    return
            self._stopped.wait(_PAUSE_S)

    def _attempt(self, batch: list[End]) -> Exception | None:
        try:
            self._write(batch)
        except Exception as error:  # noqa: BLE001 - raised again by put and flush
            return error
        return None
