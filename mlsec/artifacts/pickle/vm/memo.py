"""The memo of the pickle machine, with the index rules of the loader."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Opaque, Value

# Beyond this many entries containers and call results are not kept apart any more, and each entry
# takes eight bytes: literals are read again where they stand.
EXACT_ENTRIES = 400_000
ENTRIES = 32_000_000
SPARSE_ENTRIES = 400_000
# Other values that are kept behind the exact entries, and literals that were read again.
SHARED_VALUES, READ_AGAIN = 100_000, 4_096

ReadLiteral = Callable[[int], Value]


class Memo:
    """Values by index: a list while indexes are consecutive, as picklers write them.

    ``exact`` are the first entries. Behind them ``_packed`` holds, by index, the offset of a
    literal or, counted down from -1, the place of a value in ``_shared``.
    """

    __slots__ = ("_far", "_packed", "_places", "_read_again", "_read_literal", "_shared", "exact")

    def __init__(self, read_literal: ReadLiteral) -> None:
        self.exact: list[Value] = []
        self._packed = array("q")
        self._shared: list[Value] = [Opaque.UNKNOWN]
        self._places: dict[int, int] = {}
        self._far: dict[int, Value] = {}
        self._read_literal = read_literal
        self._read_again: dict[int, Value] = {}

    def __len__(self) -> int:
        return len(self.exact) + len(self._packed) + len(self._far)

    @property
    def highest(self) -> int:
        """The highest index; -1 when nothing was stored."""
        return max(self._far, default=len(self.exact) + len(self._packed) - 1)

    def memoize(self, value: Value, literal: int = -1) -> None:
        """Store under the number of entries there are; ``literal`` is where a literal stands.

        Raises:
            OverLimitError: too many entries to follow.
        """
        if self._far:
            self.put(len(self), value, literal)
        elif len(self.exact) < EXACT_ENTRIES:
            self.exact.append(value)
        elif len(self._packed) < ENTRIES:
            self._packed.append(self._pack(value, literal))
        else:
            raise OverLimitError(f"more than {ENTRIES} memo entries")

    def put(self, index: int, value: Value, literal: int = -1) -> None:
        """Store under an index.

        Raises:
            OverLimitError: too many entries to follow.
        """
        exact = len(self.exact)
        count = exact + len(self._packed)
        if index < exact:
            self.exact[index] = value
        elif index < count:
            self._packed[index - exact] = self._pack(value, literal)
        elif index > count:
            self._far[index] = value if count < EXACT_ENTRIES else _coarse(value)
            if len(self._far) > SPARSE_ENTRIES:
                raise OverLimitError(f"more than {SPARSE_ENTRIES} memo entries far apart")
        else:
            far, self._far = self._far, {}
            far.pop(index, None)
            self.memoize(value, literal)
            self._far = far

    def get(self, index: int) -> Value:
        """The value under an index.

        Raises:
            ArtifactError: nothing was stored there.
        """
        exact = len(self.exact)
        if 0 <= index < exact:
            return self.exact[index]
        if exact <= index < exact + len(self._packed):
            return self._unpack(self._packed[index - exact])
        try:
            return self._far[index]
        except KeyError:
            raise ArtifactError(f"memo entry {index} is read but was never written") from None

    def _pack(self, value: Value, literal: int) -> int:
        if literal >= 0:
            return literal
        value = _coarse(value)
        place = self._places.get(id(value), 0)
        if not place and value is not Opaque.UNKNOWN and len(self._shared) < SHARED_VALUES:
            place = self._places[id(value)] = len(self._shared)
            self._shared.append(value)
        return -1 - place

    def _unpack(self, number: int) -> Value:
        if number < 0:
            return self._shared[-1 - number]
        value = self._read_again.get(number, self)
        if value is self:
            if len(self._read_again) >= READ_AGAIN:
                self._read_again.clear()
            value = self._read_again[number] = self._read_literal(number)
        return value


def _coarse(value: Value) -> Value:
    if type(value) is CallResult:
        function = value.function
        return function.instance if type(function) is Global else Opaque.UNKNOWN
    if type(value) is Container or type(value) is tuple:
        return Opaque.UNKNOWN
    return value
