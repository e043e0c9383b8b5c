"""Looks among what one machine passed for keys that name a hook, where a file names one at all."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from mlsec.artifacts.pickle.evidence import walk
from mlsec.artifacts.pickle.naming import HOOKS
from mlsec.artifacts.pickle.values import ACTING_KEYS, Box, Global, Result, Stretch, Value

if TYPE_CHECKING:
    from mlsec.artifacts.pickle.machine import Machine

SEARCHED_BYTES = 64 << 20
# Names of hooks begin with a line, which the engine looks for fast; the others are few.
_NAMES = re.compile(
    b"_(?:" + "|".join(sorted(n[1:] for n in HOOKS | ACTING_KEYS if n[0] == "_")).encode() + b")"
)
_OTHERS = (
    *(name.encode() for name in sorted(ACTING_KEYS) if name[0] != "_"),
    b"\\x5f", b"\\u005f", b"\\137",
)  # fmt: skip


class HookSearch:
    """``machine`` is the one that passed the values."""

    __slots__ = ("_is_named", "_machine")

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._is_named: bool | None = None

    def acting_pairs(self, values: list[Value]) -> Box:
        """Of items for an object: those that could be called, each behind what stands before it."""
        read = values
        if Stretch in map(type, values) and self._is_named_at_all():
            read = self._machine.runs.flat(values)
        pairs = Box("dict")
        for key, value in pairwise(read):
            is_name = type(key) is str and (key[:2] == "__" or key in ACTING_KEYS)
            if type(value) in (Global, Result) and (is_name or type(key) is Result):
                pairs.items.extend((key, value))
        return pairs

    def read_tables(self, state: Value) -> None:
        """Read what was passed of the tables in a state."""
        for part in walk(state) if self._is_named_at_all() else ():
            if type(part) is Box and (part.is_partial or part.skipped or part.rest):
                self._machine.runs.read_keys(part)

    def _is_named_at_all(self) -> bool:
        if self._is_named is None:
            window = self._machine.tape.window
            self._is_named = window.size_bytes > SEARCHED_BYTES or _names_any(
                window.read(0, SEARCHED_BYTES)
            )
        return self._is_named


def _names_any(data: bytes) -> bool:
    return any(name in data for name in _OTHERS) or bool(_NAMES.search(data))
