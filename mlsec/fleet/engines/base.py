"""What an engine is: it brings the numbers of units to workers, at least once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

RunUnit = Callable[[int], Sequence[int]]


class Engine(Protocol):
    """Brings units to workers. What it loses the ledger enqueues again, so it may lose all."""

    def opened(self) -> AbstractContextManager[object]:
        """Connect, so that units can be enqueued from any thread until the context ends."""

    def enqueue(self, units: Sequence[int]) -> None:
        """Let workers run these units; a job carries the number of a unit and nothing else."""

    def run(self, run_unit: RunUnit, concurrency: int, stop: threading.Event) -> None:
        """Run units, this many at once, until asked to stop; what they give is enqueued."""
