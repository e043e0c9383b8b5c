"""The one thread that writes: many threads hand in ends of calls, committed together in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mlsec.snapshot.records import Call

End = tuple[Call, bytes | None]
# Takes the secrets out of the end of a call, and of its answer when that is given.
Clean = Callable[[Call, bytes | None], End]


def as_it_is(call: Call, body: bytes | None) -> End:
    """Change nothing."""
    return call, body


def cleaned(clean: Clean, end: End, *, is_clean: bool) -> End:
    """Give the end of a call as it may be stored; ``is_clean``: its answer is so already."""
    call, body = end
    if is_clean:
        return clean(call, None)[0], body
    return clean(call, body)


class Batch:
    """Ends of calls that are committed together, and whoever waits for that."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.done = threading.Event()
        self.failure: Exception | None = None


class Writer:
    """Commits what has gathered while the commit before was made.

    ``put`` comes back when its end is committed: a killed process repeats only calls in flight.
    """

    def __init__(self, write: Callable[[list[End]], None]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._next = Batch()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def put(self, end: End) -> None:
        """Commit one end of a call, together with those of other threads.

        Raises:
            MlsecError: it could not be written.
        """
        with self._changed:
            if self._is_closed:
                return
            batch = self._next
            batch.ends.append(end)
            if self._thread is None:
                thread = threading.Thread(target=self._serve, daemon=True, name="writer")
                thread.start()  # where the system allows no more, nothing waits for it
                self._thread = thread
            self._changed.notify()
        batch.done.wait()
        if batch.failure is not None:
            raise batch.failure

    def close(self) -> None:
        """Write what waits and end the thread; later ends are dropped."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._next.ends and not self._is_closed:
                    self._changed.wait()
                batch, self._next = self._next, Batch()
            if not batch.ends:
                return
            try:
                self._write(batch.ends)
            except Exception as error:  # noqa: BLE001 - raised again by every put that waits
                # This thread has no caller: an error kept from the waiting puts would hang them.
                batch.failure = error
            batch.done.set()
