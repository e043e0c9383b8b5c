"""The query quota that Resource Graph reports with each answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

_REMAINING = "x-ms-user-quota-remaining"
_RESETS_AFTER = "x-ms-user-quota-resets-after"
_LONGEST_S = 30.0


class Quota:
    """The queries left for this user; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._opens_at = 0.0

    def wait(self) -> None:
        """Wait until a query is left, as far as is known."""
        with self._lock:
            wait_s = self._opens_at - time.monotonic()
        if wait_s > 0:
            self._stop.wait(wait_s)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Update the quota from the headers of an answer."""
        try:
            remaining = int(headers.get(_REMAINING) or 1)
        except ValueError:
            return
        if remaining <= 0:
            with self._lock:
                self._opens_at = time.monotonic() + seconds(headers.get(_RESETS_AFTER) or "")

    def stop(self) -> None:
        """Release all waiting threads."""
        self._stop.set()


def seconds(clock: str) -> float:
    """Parse ``hh:mm:ss``; the default is five seconds, the length of the window."""
    try:
        hours, minutes, rest = (float(part) for part in clock.split(":"))
    except ValueError:
        return 5.0
    return min(_LONGEST_S, max(0.0, hours * 3600 + minutes * 60 + rest))
