"""One thing to fuzz: a function of bytes, what it starts from, and what an input may cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec

# Following the coverage makes Python about ten times as slow as it is, so this is a second of it.
MOST_CPU_S = 10.0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """``read`` raises only for a mistake of ours: a traceback, or bytes accepted that must not be.

    ``seeds`` are good and bad inputs to damage; those of ``is_json`` by their structure.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    is_json: bool = False

    def try_one(self, data: bytes) -> None:
        """Read one input.

        Raises:
            AssertionError: it took too long, or something was accepted.
            Exception: whatever ``read`` should have caught.
        """
        started = time.process_time()
        self.read(data)
        taken_s = time.process_time() - started
        assert taken_s < MOST_CPU_S, f"{self.name}: {taken_s:.1f} s for {len(data)} bytes"
