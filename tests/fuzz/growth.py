"""How long an expression takes for longer and longer texts."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable

from tests.fuzz.patterns import Kept
from tests.fuzz.pumps import Pump, pumps_of

# Short ones first, near to one another: what grows exponentially is seen before it takes hours.
LENGTHS = (12, 16, 20, 24, 28, 32, 64, 256, 1024, 4096, 16384)
# Below this nothing is compared: a clock says little of less.
TELLING_S = 0.02
# Four times the text takes four times as long; with the square of the length, sixteen times.
MOST_GROWTH = 9.0


def worst(kept: Kept, lengths: tuple[int, ...] = LENGTHS, *, is_searched: bool = True) -> str:
    """Why an expression takes too long for some text, or ""."""
    found = re.compile(kept.pattern, kept.flags)
    run: Callable[[str | bytes], object] = found.match
    if kept.is_searched and is_searched:
        run = lambda text: deque(found.finditer(text), 0)  # noqa: E731
    for pump in pumps_of(kept.pattern, kept.flags):
        if said := _too_long(run, pump, lengths, is_bytes=isinstance(kept.pattern, bytes)):
            return said
    return ""


def _too_long(
    run: Callable[[str | bytes], object], pump: Pump, lengths: tuple[int, ...], *, is_bytes: bool
) -> str:
    before_s, before = 0.0, 0
    for length in lengths:
        text = pump.of(length)
        data = text.encode("latin-1", "replace") if is_bytes else text
        taken_s = _took(run, data)
        if taken_s > TELLING_S:
            # Once more, as a machine may be busy: the shorter time is what it takes.
            taken_s = min(taken_s, _took(run, data))
        allowed = MOST_GROWTH * max(1.0, len(text) / max(before, 1) / 4)
        if taken_s > TELLING_S and taken_s > allowed * max(before_s, TELLING_S / 16):
            return (
                f"{pump!r}: {taken_s:.2f} s for {len(text)} characters, {before_s:.4f} for {before}"
            )
        before_s, before = taken_s, len(text)
    return ""


def _took(run: Callable[[str | bytes], object], data: str | bytes) -> float:
    started = time.process_time()
    run(data)
    return time.process_time() - started
