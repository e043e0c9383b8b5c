"""Symbolic values on the stack of the pickle machine; small literals stand for themselves.

``None``, ``bool``, ``int``, ``str``, ``bytes`` and ``tuple`` are the values they look like, as far
as they are short; everything else is one of the classes below.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from mlsec.artifacts.pickle.policy import Entry, Standing

KEPT_BYTES = 4096
KEPT_ITEMS = 256

Value: TypeAlias = Any

# Methods that classes call of themselves while they take their state, and texts that they run then:
# whatever a state puts under such a key acts. Source: __setstate__, and what it calls, of scipy's
# distributions, scikit-learn's isotonic regression, statsmodels' count models, torch's optimizers
# and modules.
ACTING_KEYS = frozenset(
    """_attach_methods _attach_argparser_methods _build_debug_param_to_name_mapping _build_f
    _build_params_for_reducer _convert_mask _ddp_init_helper _init_state _initialize
    _load_container_from_state _rebuild
    _parse_arg_template _patch_step_function _post_setstate restore_design_info restore_model_spec
    set_weight_bias""".split()  # noqa: SIM905
)

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

    ``calls`` remembers the ways of calling it that are fine whatever the arguments. ``told`` holds
    those of which, with arguments that say nothing, all has been told.
    """

    __slots__ = ("calls", "entry", "instance", "module", "name", "offset", "told")

    def __init__(self, module: str, name: str, offset: int) -> None:
        self.module = module
        self.name = name
        self.offset = offset
        self.entry = UNJUDGED
        self.calls: set[How] = set()
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
    """A list, dict, set or long tuple: its first items (of a dict: keys and values in turn).

    Items that were passed at once are read when somebody asks. Of a dict ``rest`` holds the texts
    beyond the first items that could name a hook or another acting key, and ``skipped`` what was
    passed beyond them.
    """

    __slots__ = ("_is_partial", "_is_unread", "_items", "acting", "kind", "rest", "skipped")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: list[Value] = []
        self._is_partial = False
        self._is_unread = False
        self.rest: set[Value] | None = None
        # What stands right behind such a text, where the two were read together.
        self.acting: dict[Value, list[Value]] | None = None
        self.skipped: list[Stretch] | None = None

    @property
    def items(self) -> list[Value]:
        """The first items."""
        if self._is_unread:
            self._read()
        return self._items

    @property
    def is_partial(self) -> bool:
        """Whether there are more."""
        if self._is_unread:
            self._read()
        return self._is_partial

    def full(self) -> Box:
        """The same without room, to learn what else is put into it."""
        self._items = [None] * KEPT_ITEMS
        return self

    def cut(self) -> None:
        """There are more items, which nobody keeps."""
        self._is_partial = True

    def add(self, values: list[Value]) -> None:
        """Keep what there is room for."""
        if Stretch in map(type, values):
            self._is_unread = True
        room = KEPT_ITEMS - len(self._items)
        if room < len(values):
            self._is_partial = True
            if self.kind == "dict":
                self._add_rest(values[max(room, 0) :])
        if room > 0:
            self._items.extend(values[:room])

    def _read(self) -> None:
        """Put the items of each stretch in its place, as far as there is room."""
        passed, self._items, self._is_unread = self._items, [], False
        items: list[Value] = []
        for value in passed:
            if type(value) is not Stretch:
                items.append(value)
            elif len(items) < KEPT_ITEMS:
                items += self._joined(value.read(self.kind))
            else:
                self.skip_rest(value)
        self.add(items)

    def _joined(self, other: Box) -> list[Value]:
        """The items of another one; what is known of it beyond them is known of this one too."""
        items = other.items
        self._is_partial |= other.is_partial
        if other.rest:
            self.rest = (self.rest or set()) | other.rest
            self.acting = {**(self.acting or {}), **(other.acting or {})}
        return items

    def _add_rest(self, values: list[Value]) -> None:
        self.rest = self.rest or set()
        for place, value in enumerate(values):
            if type(value) is Stretch:
                self.skip_rest(value)
            elif type(value) is Later or (
                type(value) is str and (value[:2] == "__" or value in ACTING_KEYS)
            ):
                self.rest.add(value)
                self.acting = self.acting or {}
                self.acting[value] = values[place + 1 : place + 2]

    def skip(self, stretch: Stretch) -> None:
        """Items were passed."""
        if len(self._items) < KEPT_ITEMS:
            self._items.append(stretch)
            self._is_unread = True
        else:
            self.skip_rest(stretch)

    def skip_rest(self, stretch: Stretch) -> None:
        """Items were passed for which there is no room; a dict's are read when it is a state."""
        self._is_partial = True
        if self.kind == "dict":
            self.skipped = self.skipped or []
            self.skipped.append(stretch)

    def settle(self, settled: Callable[[Value], Value]) -> None:
        """Put other values in the place of the items."""
        self._items = [settled(one) for one in self._items]

    def mapping(self) -> dict[str, Value]:
        """The items of a dict whose keys are strings."""
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        return {key: value for key, value in pairs if isinstance(key, str)}


class Reader(Protocol):
    """Gives a container of this kind, with what a stretch pushed or put into it."""

    def read(self, stretch: Stretch, kind: str) -> Box: ...


class Stretch:
    """Memo entries written inside a skipped batch: read again only if one is asked for.

    ``is_values``: the batch only pushed values, and this stands for them on the stack.
    """

    __slots__ = ("_reader", "first_index", "is_values", "offset", "size_bytes")

    def __init__(
        self,
        offset: int,
        size_bytes: int,
        first_index: int,
        reader: Reader,
        *,
        is_values: bool = False,
    ) -> None:
        self.is_values = is_values
        self.offset = offset
        self.size_bytes = size_bytes
        self.first_index = first_index
        self._reader = reader

    @property
    def end(self) -> int:
        """The offset after its last byte."""
        return self.offset + self.size_bytes

    def read(self, kind: str) -> Box:
        """A container of this kind, with what it pushed or put into it."""
        return self._reader.read(self, kind)


class Later:
    """A value read from the memo inside a skipped batch: looked up only if someone asks."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index
