"""The memo of the pickle machine, with the index rules of the loader."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.pickle.values import Box, Global, Later, Plain, Result, Stretch, Value

# Beyond this many entries containers and call results are not kept apart any more.
EXACT_ENTRIES = 400_000
ENTRIES = 16_000_000
SPARSE_ENTRIES = 400_000

# How many entries may refer to one another before the value counts as unknown.
CHAIN = 20

Resolve = Callable[[Stretch], None]


class Memo:
    """Values by index: a list while indexes are consecutive, as picklers write them.

    ``is_rewritten``: some entry was written twice, which no pickler does.
    """

    __slots__ = ("_far", "_near", "_resolve", "is_rewritten")

    def __init__(self, resolve: Resolve) -> None:
        self._near: list[Value] = []
        self._far: dict[int, Value] = {}
        self._resolve = resolve
        self.is_rewritten = False

    def __len__(self) -> int:
        return len(self._near) + len(self._far)

    @property
    def is_consecutive(self) -> bool:
        """The next MEMOIZE certainly writes a new entry, and so do all after it."""
        return not self._far

    def is_steady(self, index: int) -> bool:
        """No later entry is written under this index, unless over another one."""
        return index < len(self._near)

    def memoize(self, value: Value) -> None:
        """Store under the number of entries there are."""
        if self._far:
            self.put(len(self), value)
        elif len(self._near) < EXACT_ENTRIES:
            self._near.append(value)
        else:
            self.put(len(self._near), value)

    def memoize_all(self, value: Value, count: int) -> None:
        """Store one value under the next ``count`` numbers; only where ``is_consecutive``.

        Raises:
            OverLimitError: too many entries to follow.
        """
        if len(self._near) + count > ENTRIES:
            raise OverLimitError(f"more than {ENTRIES} memo entries")
        self._near.extend(itertools.repeat(value, count))

    def put(self, index: int, value: Value) -> None:
        """Store under an index.

        Raises:
            OverLimitError: too many entries to follow.
        """
        if len(self) >= EXACT_ENTRIES:
            value = _coarse(value)
        near = self._near
        if index < len(near):
            self.is_rewritten = True
            near[index] = value
        elif index == len(near):
            self._far.pop(index, None)
            near.append(value)
        else:
            self.is_rewritten = self.is_rewritten or index in self._far
            self._far[index] = value
        if len(near) > ENTRIES or len(self._far) > SPARSE_ENTRIES:
            raise OverLimitError(f"more than {ENTRIES} memo entries")

    def fill(self, stretch: Stretch, index: int, value: Value) -> None:
        """Put the value that a stretch wrote in the place of the stretch itself."""
        if self._peek(index) is stretch:
            if index < len(self._near):
                self._near[index] = value
            else:
                self._far[index] = value

    def get(self, index: int) -> Value:
        """The value under an index.

        Raises:
            ArtifactError: nothing was stored there.
        """
        if 0 <= index < len(self._near):
            value = self._near[index]
            if type(value) is not Stretch and type(value) is not Later:
                return value
        value = self._peek(index)
        for _ in range(CHAIN):
            if type(value) is Stretch:
                self._resolve(value)
                value = self._peek(index)
            if type(value) is not Later:
                return Plain.UNKNOWN if type(value) is Stretch else value
            if self.is_rewritten:
                break
            index, value = value.index, self._peek(value.index)
        return Plain.UNKNOWN

    def _peek(self, index: int) -> Value:
        try:
            return self._near[index] if 0 <= index < len(self._near) else self._far[index]
        except KeyError:
            raise ArtifactError(f"memo entry {index} is read but was never written") from None


class Echo(Memo):
    """The memo while a skipped batch is read again: writes fill the outer memo."""

    __slots__ = ("_count", "_outer", "_stretch")

    def __init__(self, outer: Memo, stretch: Stretch) -> None:
        super().__init__(lambda _stretch: None)
        self._outer = outer
        self._stretch = stretch
        self._count = stretch.first_index

    def memoize(self, value: Value) -> None:
        """Number the entry as when the batch was first passed."""
        self._outer.fill(self._stretch, self._count, value)
        self._count += 1

    def put(self, index: int, value: Value) -> None:
        """Fill the entry in the outer memo."""
        self._outer.fill(self._stretch, index, value)

    def get(self, index: int) -> Value:
        """An import at once; whatever else the entry held is looked up when someone asks."""
        held = self._outer._peek(index)
        return held if type(held) is Global else Later(index)


def _coarse(value: Value) -> Value:
    if type(value) is Result:
        function = value.function
        return function.instance if type(function) is Global else Plain.UNKNOWN
    if type(value) is Box or type(value) is tuple:
        return Plain.UNKNOWN
    return value
