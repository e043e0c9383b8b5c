"""Where the pages read: the history, anew for each page, and the report where one was named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mlsec.core.assessment import Assessment
from mlsec.core.errors import MlsecError
from mlsec.history.place import Place
from mlsec.history.queries import Rows
from mlsec.history.store import History

T = TypeVar("T")
LoadReport = Callable[[Path], Assessment]


class Source:
    """One history, and the assessment.json of the last scan or None; it is read when it changed."""

    def __init__(self, history: Place, report: Path | None, load: LoadReport) -> None:
        self._history = history
        self._report = report
        self._load = load
        self._lock = threading.Lock()
        # POSIX: closing any descriptor of a file ends all locks that the process has on it, so
        # that opening a history would take away the lock under which another thread reads.
        self._reading = threading.Lock()
        self._known: tuple[tuple[int, int, int], Assessment] | None = None

    def read(self, ask: Callable[[Rows], T]) -> T:
        """Give what a function reads of the history, all of it as of one moment.

        Raises:
            MlsecError: it cannot be opened, or is damaged.
        """
        with self._reading, History(self._history, is_snapshot=True) as history:
            return history.read(ask)

    def report(self) -> Assessment | None:
        """Give the assessment as it is now, None where none was named.

        Raises:
            MlsecError: it cannot be read.
        """
        if self._report is None:
            return None
        with self._lock:
            mark = self._mark(self._report)
            if self._known is None or self._known[0] != mark:
                self._known = (mark, self._load(self._report))
            return self._known[1]

    def _mark(self, path: Path) -> tuple[int, int, int]:
        """Give what changes when another file is put in its place."""
        try:
            status = path.stat()
        except OSError as error:
            raise MlsecError(f"cannot be read: {error.strerror}", location=str(path)) from None
        return status.st_ino, status.st_mtime_ns, status.st_size
