"""One thing to fuzz: a function of bytes, what it starts from, and what an input may cost."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

# Following the coverage makes Python about ten times as slow as it is, so this is a second of it.
MOST_CPU_S = 10.0
# The caps that the readers get here allow a few MiB; a window of xz or zstd may take 128 more.
MOST_MEMORY_BYTES = 256 << 20
Words = Sequence[bytes]
# Changes an input by its structure, or gives None where it has none; the words are those of the
# target's seeds.
Mutate = Callable[[bytes, random.Random, Words], bytes | None]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """``read`` raises only for a mistake of ours: a traceback, or bytes accepted that must not be.

    ``seeds`` are good and bad inputs to damage, by bytes alone or by their structure too.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    mutate: Mutate | None = None
    most_cpu_s: float = MOST_CPU_S
    most_memory_bytes: int = MOST_MEMORY_BYTES

    def try_one(self, data: bytes) -> None:
        """Read one input.

        Raises:
            AssertionError: it took too long or too much memory, or something was accepted.
            Exception: whatever ``read`` should have caught.
        """
        peak, held = _peak_bytes(), _held_bytes()
        started = time.process_time()
        self.read(data)
        taken_s = time.process_time() - started
        assert taken_s < self.most_cpu_s, f"{self.name}: {taken_s:.1f} s for {len(data)} bytes"
        # The system tells only the highest of all inputs: one that stays below it took less.
        if _peak_bytes() > peak:
            taken = _peak_bytes() - held
            said = f"{self.name}: {taken >> 20} MiB for {len(data)} bytes"
            assert taken < self.most_memory_bytes, said


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _held_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * resource.getpagesize()
