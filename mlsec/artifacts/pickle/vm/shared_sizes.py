"""How large values are that refer to one another, each counted as often as it is reached."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import final

from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.limits import Budget

# Values that are taken more than once, and what they hold of one another: each takes some bytes.
NODES = 2_000_000
EDGES = 8_000_000
# A bit each for the entries below this one, eight bytes and more for those beyond.
IN_A_ROW, FAR_APART = 1 << 27, 400_000

Edges = Mapping[int, int]

# A value without items, as it lies on the stack.
ATOM = 1


@final
class Tree:
    """A container that nothing else refers to: its items, and what shared ones are among them."""

    __slots__ = ("count", "edges")

    def __init__(self, count: int, edges: dict[int, int] | None) -> None:
        self.count = count
        self.edges = edges

    def take(self, value: int | Tree) -> None:
        """Put a value into it."""
        if type(value) is Tree:
            self.count += value.count
            if value.edges:
                self._refer(value.edges)
        elif value > 0:
            self.count += value
        else:
            self.count += 1
            self._refer({-value: 1})

    def take_all(self, values: Iterable[Held]) -> None:
        """Put values into it."""
        for value in values:
            if value == ATOM:
                self.count += 1
            else:
                self.take(value)

    def _refer(self, edges: dict[int, int]) -> None:
        mine = self.edges or {}
        small, self.edges = sorted((edges, mine), key=len)
        for shared, times in small.items():
            self.edges[shared] = self.edges.get(shared, 0) + times


# What lies on the stack: a number of items; below 0 the number of a shared container; a Tree.
Held = int | Tree


def together(values: Iterable[Held]) -> Tree:
    """A container of values."""
    made = Tree(1, None)
    made.take_all(values)
    return made


class Indexes:
    """A set of memo indexes, a bit each; ``len`` counts them."""

    __slots__ = ("_bits", "_count", "_far")

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0
        self._far: set[int] = set()

    def __len__(self) -> int:
        return self._count + len(self._far)

    def __contains__(self, index: int) -> bool:
        place = index >> 3
        if 0 <= place < len(self._bits):
            return bool(self._bits[place] >> (index & 7) & 1)
        return index in self._far

    def add(self, index: int) -> None:
        """Add one.

        Raises:
            OverLimitError: too many of them far apart.
        """
        if not 0 <= index < IN_A_ROW:
            self._far.add(index)
            if len(self._far) > FAR_APART:
                raise OverLimitError(f"more than {FAR_APART} memo entries far apart")
            return
        place, bit = index >> 3, 1 << (index & 7)
        if place >= len(self._bits):
            self._bits += bytes(place + 1 - len(self._bits))
        if not self._bits[place] & bit:
            self._bits[place] |= bit
            self._count += 1


class SharedSizes:
    """Numbered values: their own items, and how often each holds which other ones."""

    __slots__ = ("_children", "_counts", "_parents", "_times")

    def __init__(self) -> None:
        self._counts = array("Q", [0])
        self._parents, self._children, self._times = array("I"), array("I"), array("Q")

    def new(self, count: int, edges: Edges | None) -> int:
        """Number a value of so many items.

        Raises:
            OverLimitError: too many values, or too many that others hold.
        """
        if len(self._counts) > NODES:
            raise OverLimitError(f"more than {NODES} containers that are taken again")
        number = len(self._counts)
        self._counts.append(count)
        self.hold(number, 0, edges)
        return number

    def hold(self, number: int, count: int, edges: Edges | None) -> None:
        """Give a value more items.

        Raises:
            OverLimitError: too many values that others hold.
        """
        self._counts[number] += count
        for child, times in (edges or {}).items():
            self._parents.append(number)
            self._children.append(child)
            self._times.append(times)
        if len(self._parents) > EDGES:
            raise OverLimitError(f"more than {EDGES} references between containers")

    def largest(self, limit: int, budget: Budget) -> int:
        """The items of the largest value, to ``limit``; one that holds itself counts as one item.

        Raises:
            OverLimitError: too much time.
        """
        first, order = self._by_parent()
        sizes = array("Q", bytes(8 * len(self._counts)))
        for root in range(1, len(self._counts)):
            waiting = [] if sizes[root] else [2 * root]
            while waiting:
                number, is_counted = divmod(waiting.pop(), 2)
                places = order[first[number] : first[number + 1]]
                if is_counted:
                    more = sum((sizes[self._children[at]] - 1) * self._times[at] for at in places)
                    sizes[number] = min(limit, self._counts[number] + more)
                elif not sizes[number]:
                    # Until it is counted it is one item, which ends a circle of references.
                    sizes[number] = 1
                    waiting.append(2 * number + 1)
                    children = (self._children[at] for at in places)
                    waiting += [2 * child for child in children if not sizes[child]]
            if not root % 4096:
                budget.check_time()
        return max(sizes, default=0)

    def _by_parent(self) -> tuple[array[int], array[int]]:
        """The references in the order of who holds them, and where those of each begin."""
        first = array("Q", bytes(8 * (len(self._counts) + 2)))
        for parent in self._parents:
            first[parent + 2] += 1
        for number in range(2, len(first)):
            first[number] += first[number - 1]
        order = array("I", bytes(4 * len(self._parents)))
        for at, parent in enumerate(self._parents):
            order[first[parent + 1]] = at
            first[parent + 1] += 1
        return first, order
