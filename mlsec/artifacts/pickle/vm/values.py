"""Symbolic values on the stack of the pickle machine; small literals stand for themselves.

``None``, ``bool``, ``int``, ``str``, ``bytes`` and ``tuple`` are the values they look like, as far
as they are short; everything else is one of the classes below.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from mlsec.artifacts.pickle.known_names import UNJUDGED, may_act

KEPT_BYTES = 4096
KEPT_ITEMS = 256
# More values behind one and the same acting key are written by nobody who means well.
KEPT_BEHIND_A_KEY = 256

Value: TypeAlias = Any


class Opaque(enum.Enum):
    """Values of which nothing more needs to be known."""

    NUMBER = "number"
    BUFFER = "out-of-band buffer"
    UNKNOWN = "unknown"


class LongLiteral:
    """A string or bytes too long to keep: where it lies in the window."""

    __slots__ = ("head", "is_text", "offset", "size_bytes")

    def __init__(self, offset: int, size_bytes: int, head: bytes, *, is_text: bool) -> None:
        self.offset = offset
        self.size_bytes = size_bytes
        self.head = head
        self.is_text = is_text


class CallKind(enum.Enum):
    """How a callable is used."""

    REDUCE = "called"
    INST = "called by INST"
    OBJ = "called by OBJ"
    NEW = "instantiated"


class Global:
    """A name that is imported. One object per (module, name) and machine.

    ``entry`` is what the judge knows of it. ``harmless_calls`` are the ways of calling it of which
    nothing is to be said, where ``are_harmless`` says so of the arguments; ``reported_calls`` those
    of which all was said.
    """

    __slots__ = (
        "are_harmless", "entry", "harmless_calls", "instance", "module", "name", "offset",
        "reported_calls",
    )  # fmt: skip

    def __init__(self, module: str, name: str, offset: int) -> None:
        self.module = module
        self.name = name
        self.offset = offset
        self.entry = UNJUDGED
        # Lists, as a member is identified by its identity: the hash of an enumeration is slow.
        self.harmless_calls: list[CallKind] = []
        self.are_harmless: Callable[[Value], bool] = bool
        self.reported_calls: list[CallKind] = []
        self.instance = CallResult(self, ())

    def is_harmless_when(self, how: CallKind, are_harmless: Callable[[Value], bool]) -> None:
        """Nothing is to be said of calling it so with such arguments."""
        self.are_harmless = are_harmless
        if how not in self.harmless_calls:
            self.harmless_calls.append(how)

    @property
    def full(self) -> str:
        """The name as people write it."""
        return f"{self.module}.{self.name}"


class CallResult:
    """What a call gave, or a persistent object (``function`` is None)."""

    __slots__ = ("arguments", "function", "state")

    def __init__(self, function: Value, arguments: Value, state: Value = None) -> None:
        self.function = function
        self.arguments = arguments
        self.state = state


class Elided:
    """Values from the middle of a long run on the stack; only keys that may act are kept."""

    __slots__ = ("acting",)

    def __init__(self) -> None:
        self.acting: dict[str, list[Value]] = {}

    def take(self, values: Sequence[Value]) -> None:
        """Drop these values too."""
        keep_acting(self.acting, values)


# Most containers have none: one for all of them, which nobody writes to.
_NO_KEYS: dict[str, list[Value]] = {}


class Container:
    """A list, dict, set or long tuple: its first items (of a dict: keys and values in turn).

    Of a dict ``acting`` holds the texts beyond the first items that may act as keys, each with the
    values that stand right behind it.
    """

    __slots__ = ("acting", "is_partial", "items", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.items: list[Value] = []
        self.is_partial = False
        self.acting = _NO_KEYS

    @property
    def is_full(self) -> bool:
        """Whether further items would not be kept."""
        return len(self.items) >= KEPT_ITEMS

    def add(self, values: list[Value]) -> None:
        """Keep what there is room for."""
        room = max(KEPT_ITEMS - len(self.items), 0)
        if len(values) <= room:
            self.items += values
            return
        self.is_partial = True
        self.items += values[:room]
        if self.kind == "dict":
            self.acting = self.acting or {}
            keep_acting(self.acting, values[room:])

    def mapping(self) -> dict[str, Value]:
        """The items of a dict whose keys are strings."""
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        return {key: value for key, value in pairs if isinstance(key, str)}


def keep_acting(acting: dict[str, list[Value]], values: Sequence[Value]) -> None:
    """Note the texts that may act as keys, whether they are keys or not, and what follows each."""
    for place, value in enumerate(values):
        if type(value) is Elided:
            for key, behind in value.acting.items():
                _note_behind(acting.setdefault(key, []), behind)
        elif type(value) is str and may_act(value):
            _note_behind(acting.setdefault(value, []), values[place + 1 : place + 2])


def _note_behind(noted: list[Value], behind: Sequence[Value]) -> None:
    if len(noted) + len(behind) <= KEPT_BEHIND_A_KEY:
        noted += behind
    elif len(noted) <= KEPT_BEHIND_A_KEY:
        noted.append(CallResult(None, ()))  # one of the others may be anything
