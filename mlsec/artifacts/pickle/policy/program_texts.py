"""Program text that a pickle only stores: judged by whether it is among the values of an array."""

from __future__ import annotations

from mlsec.artifacts.content.program_text import MOST_FOUND, note_program, programs_in
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.policy.evidence import walk
from mlsec.artifacts.pickle.vm.values import CallResult, Global, LongLiteral, Value
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# Arrays of texts and other objects are made by these and get their values with their state.
_MAKE_ARRAYS = frozenset(("_reconstruct", "_mareconstruct"))
_NUMPY = ("numpy.", "numpy")
# These are given the values of an array, or the bytes of a column of texts.
_DILLS = "dill._dill._create_array"
_GIVEN_VALUES = frozenset((_DILLS, "pyarrow.lib.py_buffer"))
MOST = 2_000
WHERE = "a text that the pickle keeps"


class KeptTexts:
    """Program texts by their place, and the places between which the values of arrays lie."""

    __slots__ = ("_is_cut", "_open", "_places", "_reported", "_spans", "_values")

    def __init__(self) -> None:
        self._is_cut = False
        self._open: list[int] = []
        self._places: list[tuple[int, bytes, Value]] = []
        self._spans: list[tuple[int, int]] = []
        self._reported: set[bytes] = set()
        self._values: list[bytes] = []

    def found(self, base: int, block: bytes) -> None:
        """Look for program texts in a block that begins at ``base``."""
        result = programs_in(block) if len(self._places) < MOST else []
        self._is_cut = self._is_cut or len(result) > MOST_FOUND or len(self._places) >= MOST
        self._places.extend((base, item.group(), item) for item in result)

    def watches(self, function: Global) -> bool:
        """Whether calls of this function say where the values of arrays lie."""
        is_maker = function.name in _MAKE_ARRAYS and function.module.startswith(_NUMPY)
        return is_maker or function.full in _GIVEN_VALUES

    def called(self, function: Global, arguments: Value, offset: int) -> None:
        """An array is made, whose values follow, or one of those that stand before."""
        if function.name in _MAKE_ARRAYS and function.module.startswith(_NUMPY):
            self._open = [*self._open[-MOST:], offset]
        elif function.full in _GIVEN_VALUES:
            # The values come before the call, at no place that is known but for long ones.
            for item in walk(arguments):
                if type(item) is LongLiteral:
                    self._span(item.offset, item.offset + item.size_bytes)
                elif type(item) in (str, bytes) and len(self._values) < MOST:
                    text = item.encode("utf-8", "replace") if type(item) is str else item
                    self._values.append(text)
            if function.full == _DILLS:  # it makes the array itself, without a state to come
                self._open = self._open[:-1]

    def built(self, target: Value, offset: int) -> None:
        """An array gets its values, which lie between its call and here."""
        made_by = target.function if type(target) is CallResult else None
        if type(made_by) is Global and made_by.name in _MAKE_ARRAYS and self._open:
            self._span(self._open.pop(), offset)

    def _span(self, start: int, end: int) -> None:
        if len(self._spans) < MOST:
            self._spans.append((start, end))

    def report(self, record: Recorder) -> None:
        """Note what was found: what stands among other values of an array is data like them."""
        if self._is_cut or len(self._places) >= MOST:
            detail = "so many texts that read like programs that not all of them were looked at"
            record.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)
        for base, text, result in self._places:
            at = base + result.start()
            if self._is_value(at, text):
                detail = "a text among the values of an array reads like a program"
                record.fact(
                    FactKind.EMBEDDED_CODE, text[:80].decode("utf-8", "replace"), detail,
                    offset=at, danger=Severity.LOW,
                )  # fmt: skip
            elif text not in self._reported:
                self._reported.add(text)
                note_program(record, result, WHERE, base=base)
        self._places, self._spans, self._open, self._values = [], [], [], []
        self._is_cut = False

    def _is_value(self, at: int, text: bytes) -> bool:
        return any(start <= at < end for start, end in self._spans) or any(
            text in value for value in self._values
        )
