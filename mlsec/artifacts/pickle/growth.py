"""Bombs of plain data: values that refer to one another until they are too large to handle."""

from __future__ import annotations

import re

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.machine import Machine
from mlsec.artifacts.pickle.values import Box, Result, Value
from mlsec.artifacts.pickle.verdict import Verdict
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity

# A value written out without references: more items than these, or so many per byte of the file.
NODES = 50_000_000
NODES_PER_BYTE = 100_000
# Plain data is followed only up to these sizes: it would take much longer than to pass it.
SHORT_BYTES = 32 << 10
LONG_BYTES = 1 << 20
# The C loader allocates 16 bytes for each memo entry up to the highest; below this no harm is done.
FAR_INDEX = 1 << 22


# DUP, which no pickler writes, just before a container is made.
_DUPLICATED = re.compile(rb"22[elt]|(?:2[\x86\x87].{0,5}){2}", re.DOTALL)
# One value taken twice in a row. Numbers look like it now and then; a bomb has it at each level.
_TWICE = re.compile(rb"(h.|j.{4}|g\d+\n)\1", re.DOTALL)
LEVELS = 12


def may_grow(window: Window, start: int, end: int) -> bool:
    """Whether plain data is worth following: all that is short, longer with values taken twice."""
    if end - start <= SHORT_BYTES:
        return True
    if end - start > LONG_BYTES:
        return False
    data = window.read(start, end - start)
    return bool(_DUPLICATED.search(data)) or len(_TWICE.findall(data)) >= LEVELS


class OfData(Verdict):
    """Judges plain data: how its frames lie changes nothing that it could do."""

    def unclear(self, detail: str, offset: int) -> None:
        """Say nothing."""


def note_growth(machine: Machine, verdict: Verdict, start: int) -> None:
    """Note what a stream that was followed to its end would grow to; it began at ``start``."""
    highest = machine.memo.highest
    # A pickler numbers what it wrote, and no entry is written in less than a byte.
    if highest > max(FAR_INDEX, verdict.window.size_bytes):
        detail = f"memo entry {highest}, for which the loader allocates all entries before it"
        verdict.note(FactKind.BOMB, "memo", detail, start, Severity.MEDIUM)
    limit = min(NODES, NODES_PER_BYTE * (machine.end - start))
    if largest([machine.result, *machine.stack, *machine.given], limit) >= limit:
        detail = f"{limit} items or more once references are written out, as printing does"
        verdict.note(FactKind.BOMB, "references", detail, start, Severity.MEDIUM)


def largest(roots: list[Value], limit: int) -> int:
    """The items of the largest value, each counted as often as it is reached, up to ``limit``.

    What calls are given counts by itself: honest objects refer to one another in many ways.
    """
    sizes: dict[int, int] = {}
    waiting = [(root, False) for root in roots]
    while waiting:
        value, is_counted = waiting.pop()
        parts = _parts(value)
        if is_counted:
            sizes[id(value)] = min(limit, 1 + sum(sizes.get(id(part), 1) for part in parts))
        elif id(value) not in sizes:
            # Until it is counted it is one item, which ends a circle of references.
            sizes[id(value)] = 1
            if type(value) is Result:
                waiting += [(value.arguments, False), (value.state, False)]
            elif parts:
                waiting.append((value, True))
                waiting += [(part, False) for part in parts]
    return max(sizes.values(), default=0)


def _parts(value: Value) -> list[Value] | tuple[Value, ...]:
    if type(value) is Box:
        return value.items
    return value if type(value) is tuple else ()
