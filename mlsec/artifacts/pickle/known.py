"""What a stream was seen to read from its memo, as expressions that pass calls of it."""

from __future__ import annotations

import re

from mlsec.artifacts.pickle.call_patterns import Names, Style, appended_calls, eight_calls
from mlsec.artifacts.pickle.evidence import is_plain
from mlsec.artifacts.pickle.judged_calls import CODECS, NONE, judged
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.patterns import appended, eight
from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.shadows import makes_memory
from mlsec.artifacts.pickle.values import Global, How, Result, Value

GET_1, GET_4, GET_LINE = b"hjg"
# How many memo entries are known by what they hold, and how often the expression is made anew.
KNOWN, PATTERNS = 64, 12
# What follows its state lies between the opcodes: each of these is looked at.
FOLLOWED = ("NumpyArrayWrapper",)
_LISTED = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)
# Given to what consumes them, these grow beyond what a number says.
_GROW = ("range", "xrange")


class Known:
    """Memo entries that the stream was seen to read: names to call, and what is given to them."""

    __slots__ = (
        "_appends", "_asked", "_functions", "_keys", "_left", "_memo", "_names", "_next",
        "_others", "_pattern", "_quiet", "_sets", "_starts", "_style", "_words",
    )  # fmt: skip

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._functions: dict[int, Global] = {}
        self._keys: set[int] = set()
        self._sets = Names()
        self._words: set[int] = set()
        self._names: set[int] = set()
        self._quiet: set[int] = set()
        self._style = Style.LONG
        self._starts: frozenset[int] = frozenset()
        self._appends: re.Pattern[bytes] | None = None
        self._others = NONE
        self._pattern = eight()
        self._left = PATTERNS
        # An expression costs as much as following thousands of opcodes: it is made anew less and
        # less often.
        self._asked, self._next = 0, 1

    def read(self, index: int, value: Value, style: Style) -> None:
        """An entry with an import, a text or an object was read."""
        if not self._memo.is_steady(index):
            return
        self._style = style
        if type(value) is Global:
            if len(self._functions) < KNOWN and value.name not in FOLLOWED:
                self._functions[index] = value
        elif type(value) is Result:
            if len(self._quiet) < KNOWN and index not in self._quiet and _is_quiet(value):
                self._quiet.add(index)
        elif len(self._keys) < KNOWN and value[:2] != "__":
            self._keys.add(index)
            if value in CODECS:
                self._words.add(index)
            if value.isidentifier():
                self._names.add(index)
            if is_plain((value,)):
                self._quiet.add(index)

    def is_start(self, block: bytes, position: int) -> bool:
        """A call of a known name may begin here; anything may where none is known."""
        if not self._starts:
            return True
        if block[position] == GET_1:
            return block[position + 1] in self._starts
        if block[position] == GET_4:
            return int.from_bytes(block[position + 1 : position + 5], "little") in self._starts
        if block[position] == GET_LINE:
            index = block[position + 1 : position + 8].partition(b"\n")[0]
            return index.isdigit() and int(index) in self._starts
        return False

    def pattern(self) -> re.Pattern[bytes]:
        """Eight values with calls of the names that proved to be fine whatever the arguments."""
        if self._memo.is_rewritten:
            return eight()
        self._asked += 1
        if self._left and self._functions and self._asked >= self._next:
            self._renew()
        return self._pattern

    def appends(self) -> re.Pattern[bytes]:
        """Values appended one by one, with the calls that ``pattern`` knows."""
        self.pattern()
        if self._memo.is_rewritten or not self._starts:
            return appended()
        if self._appends is None:
            self._appends = appended_calls(self._sets, self._others)
        return self._appends

    def _renew(self) -> None:
        found = self._functions.items()
        others = judged(self._functions, frozenset(self._words), frozenset(self._names))
        sets = Names(
            style=self._style,
            reduced=frozenset(index for index, name in found if How.REDUCE in name.calls),
            instantiated=frozenset(index for index, name in found if How.NEW in name.calls),
            bare=frozenset(index for index, name in found if name.bare),
            told=frozenset(index for index, name in found if How.REDUCE in name.told),
            told_new=frozenset(index for index, name in found if How.NEW in name.told),
            buffers=frozenset(
                index for index, name in found
                if makes_memory(name) and name.entry.standing is Standing.REDUCER
            ),
            keys=frozenset(self._keys),
            quiet=frozenset((*self._quiet, *self._functions)) - others.codecs,
        )  # fmt: skip
        has_calls = bool(sets.called) or others is not NONE
        self._next = self._asked + 1 + self._asked // 4
        if has_calls and (sets, others) != (self._sets, self._others):
            self._left -= 1
            self._next = 2 * self._asked
            self._sets, self._others = sets, others
            self._pattern = eight_calls(sets, others)
            self._appends = None
            self._starts = sets.called | others.called


def _is_quiet(value: Result) -> bool:
    """Whether a listed function or class made it, of what says nothing: it may be given to any."""
    function = value.function
    if type(function) is not Global or function.entry.standing not in _LISTED:
        return False
    return function.name not in _GROW and is_plain(value.arguments)
