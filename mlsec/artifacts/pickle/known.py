"""What was learned of a stream: how it writes its objects, to pass the next ones at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from mlsec.artifacts.pickle.evidence import is_plain
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.passes import index_of
from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.templates import Template
from mlsec.artifacts.pickle.texts import Style
from mlsec.artifacts.pickle.values import Global, Result, Value
from mlsec.artifacts.pickle.whole_values import (
    NOTHING_MADE,
    Made,
    appended,
    batches,
    whole_values,
)

Pattern = re.Pattern[bytes]
GETS = b"hjg"
CONTAINERS = b"]}\x8f"
# How many memo entries are known by what they hold, and how many kinds of values are learned.
QUIET, LEARNED = 64, 32
_LISTED = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)
# Given to what consumes them, these grow beyond what a number says.
_GROW = (
    "range", "xrange", "count", "cycle", "repeat", "product", "permutations", "combinations",
)  # fmt: skip


class Known:
    """The templates of one stream, and the entries that may be given to any listed function."""

    __slots__ = (
        "_codes", "_learned", "_made", "_memo", "_patterns", "_quiet", "_starts", "_style",
        "_texts", "style",
    )  # fmt: skip

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._quiet: set[int] = set()
        self._texts: set[int] = set()
        self._learned: dict[str, bytes] = {}
        self._made = NOTHING_MADE
        # The patterns with them, by what makes these, and of which style they are.
        self._patterns: dict[object, Pattern] = {}
        self._style: Style | None = None
        # What a template begins with: memo entries that are read, and other opcodes.
        self._starts: frozenset[int] = frozenset()
        self._codes: frozenset[int] = frozenset()
        self.style = Style.LONG

    @property
    def is_taught(self) -> bool:
        """Whether any value was learned."""
        return bool(self._learned)

    @property
    def quiet(self) -> frozenset[int]:
        """Entries with texts that say nothing, and objects that were made of such."""
        return frozenset(self._quiet)

    @property
    def texts(self) -> frozenset[int]:
        """Those of them that are no objects."""
        return frozenset(self._texts)

    def read(self, index: int, value: Value, style: Style) -> None:
        """An entry with an import, a text or an object was read."""
        self.style = style
        if type(value) is Global or index in self._quiet or len(self._quiet) >= QUIET:
            return
        is_quiet = _is_quiet(value) if type(value) is Result else is_plain((value,))
        if is_quiet and self._memo.is_steady(index):
            self._quiet.add(index)
            if type(value) is str:
                self._texts.add(index)

    def teach(self, found: list[Template]) -> bool:
        """Values like those that occurred twice may be passed; whether any is new."""
        counts = Counter(found).most_common()
        new = [one for one, count in counts if count > 1 and one.pattern not in self._learned]
        new = new[: LEARNED - len(self._learned)]
        if new:
            self._learned.update((one.pattern, one.start) for one in new)
            self._make()
        return bool(new)

    def _make(self) -> None:
        starts = self._learned.values()
        self._starts = frozenset(index_of(start) for start in starts if start[0] in GETS)
        self._made = Made(tuple(self._learned), self._starts)
        self._codes = frozenset(start[0] for start in starts if start[0] not in GETS)
        self._patterns = {}

    def is_start(self, block: bytes, position: int) -> bool:
        """A value that was learned may begin here; anything may where there are none."""
        code = block[position]
        if not self._learned or code in self._codes or code in CONTAINERS:
            return True
        if code not in GETS:
            return False
        size_bytes = {GETS[0]: 2, GETS[1]: 5}.get(code, 8)
        operation = block[position : position + size_bytes]
        if code == GETS[2]:
            operation = operation.partition(b"\n")[0] + b"\n"
        return index_of(operation) in self._starts

    def pattern(self) -> Pattern:
        """Eight values, with those that were learned."""
        return self._of(whole_values)

    def batches(self) -> Pattern:
        """Batches of values, with those that ``pattern`` knows."""
        return self._of(batches)

    def appends(self) -> Pattern:
        """Values appended one by one, with those that ``pattern`` knows."""
        return self._of(appended)

    def _of(self, make: Callable[[Style, Made], Pattern]) -> Pattern:
        if self._memo.is_rewritten:
            return make(self.style, NOTHING_MADE)
        if self._style is not self.style:
            self._style, self._patterns = self.style, {}
        found = self._patterns.get(make)
        if found is None:
            found = self._patterns[make] = make(self.style, self._made)
        return found


def _is_quiet(value: Result) -> bool:
    """Whether a listed function or class made it, of what says nothing: it may be given to any."""
    function = value.function
    if type(function) is not Global or function.entry.standing not in _LISTED:
        return False
    return function.name not in _GROW and is_plain(value.arguments)
