"""The memo of the pickle machine, with the index rules of the loader."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.pickle.values import Box, Global, Later, Plain, Result, Stretch, Value

# Beyond this many entries containers and call results are not kept apart any more.
EXACT_ENTRIES = 400_000
ENTRIES = 16_000_000
# Entries of a stretch cost nothing but their number; shorter ones are listed like others.
ALL_ENTRIES = 1 << 32
WORTH_ENTRIES = 32
WORTH_PACKING = 4
SPARSE_ENTRIES = 400_000

# How many entries may refer to one another before the value counts as unknown.
CHAIN = 20

Resolve = Callable[[Stretch], None]


class Same:
    """Many entries that one stretch wrote."""

    __slots__ = ("_count", "_stretch")

    def __init__(self, stretch: Stretch, count: int) -> None:
        self._stretch = stretch
        self._count = count

    def __getitem__(self, _index: int) -> Value:
        return self._stretch

    def values(self) -> list[Value]:
        """One by one."""
        return [self._stretch] * self._count


class Packed:
    """Entries that are mostly texts, in one text: a tenth of the memory of so many objects."""

    __slots__ = ("_others", "_text")

    def __init__(self, text: str, others: dict[int, Value]) -> None:
        self._text = text
        self._others = others

    @classmethod
    def of(cls, values: list[Value]) -> Packed | None:
        """None where a text holds the separator."""
        text = "\0".join([one if type(one) is str else "" for one in values])
        if text.count("\0") != len(values) - 1:
            return None
        others = {index: one for index, one in enumerate(values) if type(one) is not str}
        return cls(text, others)

    def __getitem__(self, index: int) -> Value:
        return self.values()[index]

    def values(self) -> list[Value]:
        """One by one."""
        values: list[Value] = list(self._text.split("\0"))
        for index, value in self._others.items():
            values[index] = value
        return values


class Memo:
    """Values by index: a list while indexes are consecutive, as picklers write them.

    The list is in parts: of values, and of stretches, each of which stands for many entries.
    ``is_rewritten``: some entry was written twice, which no pickler does.
    """

    __slots__ = (
        "_count",
        "_far",
        "_held",
        "_parts",
        "_resolve",
        "_starts",
        "_tail",
        "is_rewritten",
    )

    def __init__(self, resolve: Resolve) -> None:
        self._tail: list[Value] = []
        self._parts: list[list[Value] | Same | Packed] = [self._tail]
        self._starts = [0]
        self._count = 0
        self._held = 0
        self._far: dict[int, Value] = {}
        self._resolve = resolve
        self.is_rewritten = False

    def __len__(self) -> int:
        return self._count + len(self._far)

    @property
    def highest(self) -> int:
        """The highest index; -1 when nothing was stored."""
        return max(self._far, default=self._count - 1)

    @property
    def is_consecutive(self) -> bool:
        """The next MEMOIZE certainly writes a new entry, and so do all after it."""
        return not self._far

    def is_steady(self, index: int) -> bool:
        """No later entry is written under this index, unless over another one."""
        return index < self._count

    def memoize(self, value: Value) -> None:
        """Store under the number of entries there are."""
        if self._far:
            self.put(len(self), value)
        elif self._count < EXACT_ENTRIES:
            self._tail.append(value)
            self._count += 1
        elif type(value) is str and self._held < ENTRIES:
            # As put does, for what most entries are.
            self._tail.append(value)
            self._count += 1
            self._held += 1
        else:
            self.put(self._count, value)

    def memoize_all(self, value: Stretch, count: int) -> None:
        """Store one value under the next ``count`` numbers; only where ``is_consecutive``.

        Raises:
            OverLimitError: too many entries to follow.
        """
        if self._count + count > ALL_ENTRIES or self._held > ENTRIES:
            raise OverLimitError(f"more than {ENTRIES} memo entries")
        if count < WORTH_ENTRIES:
            self._tail.extend([value] * count)
            self._held += count
        else:
            if not self._tail:
                self._parts.pop()
                self._starts.pop()
            elif self._count > EXACT_ENTRIES and len(self._tail) >= WORTH_PACKING:
                self._parts[-1] = Packed.of(self._tail) or self._tail
            self._tail = []
            self._held += 1
            self._parts += [Same(value, count), self._tail]
            self._starts += [self._count, self._count + count]
        self._count += count

    def put(self, index: int, value: Value) -> None:
        """Store under an index.

        Raises:
            OverLimitError: too many entries to follow.
        """
        if len(self) >= EXACT_ENTRIES:
            value = _coarse(value)
        if index < self._count:
            self.is_rewritten = True
            self._replace(index, value)
        elif index == self._count:
            self._far.pop(index, None)
            self._tail.append(value)
            self._count += 1
            self._held += 1
        else:
            self.is_rewritten = self.is_rewritten or index in self._far
            self._far[index] = value
        if self._held > ENTRIES or len(self._far) > SPARSE_ENTRIES:
            raise OverLimitError(f"more than {ENTRIES} memo entries")

    def fill(self, stretch: Stretch, index: int, value: Value) -> None:
        """Put the value that a stretch wrote in the place of the stretch itself."""
        if self._peek(index) is stretch:
            if index < self._count:
                self._replace(index, value)
            else:
                self._far[index] = value

    def get(self, index: int) -> Value:
        """The value under an index.

        Raises:
            ArtifactError: nothing was stored there.
        """
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
        if 0 <= index < self._count:
            at = bisect_right(self._starts, index) - 1
            part = self._parts[at]
            return part[index - self._starts[at]]
        try:
            return self._far[index]
        except KeyError:
            raise ArtifactError(f"memo entry {index} is read but was never written") from None

    def _replace(self, index: int, value: Value) -> None:
        at = bisect_right(self._starts, index) - 1
        part = self._parts[at]
        if not isinstance(part, list):
            self._parts[at] = part = part.values()
            self._held += len(part)
        part[index - self._starts[at]] = value


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
