"""Symbolic values on the stack of the pickle machine; small literals stand for themselves.

``None``, ``bool``, ``int``, ``str``, ``bytes`` and ``tuple`` are the values they look like, as far
as they are short; everything else is one of the classes below.
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

from mlsec.artifacts.pickle.policy import Entry, Standing

KEPT_BYTES = 4096
KEPT_ITEMS = 256

Value: TypeAlias = Any

UNJUDGED = Entry(standing=Standing.UNKNOWN)


class Plain(enum.Enum):
    """Values of which nothing more needs to be known."""

    NUMBER = "number"
    BUFFER = "out-of-band buffer"
    UNKNOWN = "unknown"


class Blob:
    """A string or bytes too long to keep: where it lies in the window."""

    __slots__ = ("head", "is_text", "offset", "size_bytes")

    def __init__(self, offset: int, size_bytes: int, head: bytes, *, is_text: bool) -> None:
        self.offset = offset
        self.size_bytes = size_bytes
        self.head = head
        self.is_text = is_text


class Global:
    """A name that is imported. One object per (module, name) and machine.

    ``calls`` remembers the ways of calling it that are fine whatever the arguments, ``bare`` that
    an instance without arguments was judged: the next one would be judged alike. ``told`` holds
    the ways of calling it of which, with arguments that say nothing, all has been told.
    """

    __slots__ = ("bare", "calls", "entry", "instance", "module", "name", "offset", "told")

    def __init__(self, module: str, name: str, offset: int) -> None:
        self.module = module
        self.name = name
        self.offset = offset
        self.entry = UNJUDGED
        self.calls: set[How] = set()
        self.bare = False
        self.told: set[How] = set()
        self.instance = Result(self, (), None)

    @property
    def full(self) -> str:
        """The name as people write it."""
        return f"{self.module}.{self.name}"


class How(enum.Enum):
    """How a callable is used."""

    REDUCE = "called"
    INST = "called by INST"
    OBJ = "called by OBJ"
    NEW = "instantiated"


class Result:
    """What a call gave, or a persistent object (``function`` is None)."""

    __slots__ = ("arguments", "function", "state")

    def __init__(self, function: Value, arguments: Value, state: Value) -> None:
        self.function = function
        self.arguments = arguments
        self.state = state


class Box:
    """A list, dict or set: its first items (of a dict: keys and values in turn).

    Of a dict ``rest`` holds the texts beyond them that could name a hook of the language, and
    ``skipped`` what was passed at once.
    """

    __slots__ = ("is_partial", "items", "kind", "rest", "skipped")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.items: list[Value] = []
        self.is_partial = False
        self.rest: set[Value] | None = None
        self.skipped: list[Stretch] | None = None

    def add(self, values: list[Value]) -> None:
        """Keep what there is room for."""
        room = KEPT_ITEMS - len(self.items)
        if room < len(values):
            self.is_partial = True
            if self.kind == "dict":
                self._add_rest(values[max(room, 0) :])
        if room > 0:
            self.items.extend(values[:room])

    def _add_rest(self, values: list[Value]) -> None:
        self.rest = self.rest or set()
        for value in values:
            if type(value) is Stretch:
                self.skip(value)
            elif type(value) is Later or (type(value) is str and value[:2] == "__"):
                self.rest.add(value)

    def skip(self, stretch: Stretch) -> None:
        """Items were passed; those of a dict are read when it becomes a state."""
        self.is_partial = True
        if self.kind == "dict":
            self.skipped = self.skipped or []
            self.skipped.append(stretch)

    def mapping(self) -> dict[str, Value]:
        """The items of a dict whose keys are strings."""
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        return {key: value for key, value in pairs if isinstance(key, str)}


class Stretch:
    """Memo entries written inside a skipped batch: read again only if one is asked for.

    ``is_values``: the batch only pushed values, and this stands for them on the stack.
    """

    __slots__ = ("first_index", "is_values", "offset", "size_bytes")

    def __init__(
        self, offset: int, size_bytes: int, first_index: int, *, is_values: bool = False
    ) -> None:
        self.is_values = is_values
        self.offset = offset
        self.size_bytes = size_bytes
        self.first_index = first_index


class Later:
    """A value read from the memo inside a skipped batch: looked up only if someone asks."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index
