"""What foreign code may cost beyond being read once, and what is known of it where that ends.

Whatever is written in a file can be worked out to thousands of times its size: by loops, by names
that stand for twice another, by aliases. One budget counts all of that for a target. It is given
out by units of work (an expression, a value, a file), so that one which costs too much ends alone:
what stands beside it is worked out as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# A step takes about a microsecond. A large estate takes a tenth of a target's.
TARGET_STEPS = 3_000_000
UNIT_STEPS = 200_000
# A unit gets as much however little is left: what is written out, and references, take less.
# The units of a target are no more than its files have expressions, so that all of them together
# take about as long as parsing them did.
LEAST_STEPS = 250
# So many characters that are made take as long, and as much memory, as one step.
CHARS_PER_STEP = 32


class OverLimitError(Exception):
    """A unit of work costs more than it may; says which limit it met."""


class Budget:
    """The steps of one target, and of the unit that is being worked out.

    ``depth`` is how many evaluations are open, one inside of the other.
    """

    def __init__(self, total: int = TARGET_STEPS, *, most: int = UNIT_STEPS) -> None:
        self.total = total
        self._most = most
        # What the innermost unit has left; it may be counted down directly where that is hot.
        self.steps = most
        self.depth = 0
        # How many units were cut off for their depth: nearer by they may be known.
        self.deep_cuts = 0

    @property
    def is_spent(self) -> bool:
        """Whether units get no more than the least."""
        return self.total <= 0

    def spend(self, steps: int = 0, chars: int = 0) -> None:
        """Count what the innermost unit has done, or is about to do.

        Raises:
            OverLimitError: it is more than the unit may do.
        """
        self.steps -= steps + chars // CHARS_PER_STEP
        if self.steps < 0:
            raise OverLimitError("it takes too many steps to work out")

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Work out one unit; one inside of another has steps of its own.

        A unit gets at most a quarter of what is left, so that something is left for the next.
        """
        outer = self.steps
        granted = self.steps = max(LEAST_STEPS, min(self._most, self.total // 4))
        try:
            yield
        finally:
            self.total -= granted - max(0, self.steps)
            self.steps = outer
