"""Steps through objects as R serializes them: what they hold, and the code that comes with them."""

# Why no library: pyreadr reads data frames only, rdata builds every object in memory and stops at
# a type that it does not know, and R itself runs code. Counts and depths are capped here.

from __future__ import annotations

import msgspec

from mlsec.artifacts.bytes.byte_reader import ByteReader
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.limits import Budget

# Types of R's objects, and marks that stand for objects. Source: serialize.c of R 4.5.
SYMBOL, PAIRS, CLOSURE, ENVIRONMENT, PROMISE, CALL, SPECIAL, BUILTIN, TEXT = range(1, 10)
DOTS, STRINGS, LIST, EXPRESSION, BYTECODE, POINTER, WEAK, RAW, S4 = (
    17,
    16,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
)
REFERENCE, NOTHING, GLOBAL, UNBOUND, MISSING, BASE_SPACE = 255, 254, 253, 252, 251, 250
NAMESPACE, PACKAGE, PERSISTENT, EMPTY, BASE = 249, 248, 247, 242, 241
REPEAT_DEF, REPEAT_REF, ATTR_CALL, ATTR_PAIRS, ALTERNATIVE = 244, 243, 240, 239, 238
_MARKS = frozenset({NOTHING, GLOBAL, UNBOUND, MISSING, BASE_SPACE, EMPTY, BASE})
_PAIRED = frozenset({PAIRS, CLOSURE, PROMISE, CALL, DOTS})
# What is its own value when it is evaluated: numbers, texts, lists. Source: eval.c of R 4.5.
_CONSTANTS = frozenset({TEXT, STRINGS, LIST, EXPRESSION, 10, 13, 14, 15, RAW, NOTHING})
_MAY_RUN = frozenset({CLOSURE, SPECIAL, BUILTIN, PROMISE, BYTECODE, REFERENCE})
COMPUTED = "what an expression gives"
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16, RAW: 1}
HAS_ATTRIBUTES, HAS_TAG, ACTIVE = 0x200, 0x400, 0x8000
DEEP, LONGEST_TEXT = 400, 1 << 20


class SerializedObject(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the objects that is more than data: what it is, where, and what it calls."""

    kind: str
    offset: int
    calls: tuple[str, ...] = ()
    # Of a promise: what its expression names, functions and variables; empty of what is not known.
    names: frozenset[str] = frozenset()


class Objects(ByteReader):
    """Reads one stream; ``found`` is what may run, ``symbols`` the names it met."""

    def __init__(self, window: Window, start: int, budget: Budget) -> None:
        super().__init__(window, start)
        self.budget = budget
        self.steps = 0
        self.found: list[SerializedObject] = []
        self.symbols: list[str] = []
        self.references: list[str] = []
        self.alternatives: list[str] = []
        self.functions: set[str] = set()  # names that the file itself gives to what may run

    def read(self) -> int:
        """Read the version and the object; gives where it ends.

        Raises:
            ArtifactError: what R does not write.
            OverLimitError: nested deeper than is followed.
        """
        version = self._number()
        self._number()
        self._number()
        if version == 3:
            self._take(self._number())
        elif version != 2:
            raise ArtifactError(f"version {version} of R's serialization is not known")
        self._item(0)
        return self.position

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "big", signed=True)

    def _length(self) -> int:
        length = self._number()
        if length != -1:
            return length
        return self._number() << 32 | self._number() & 0xFFFFFFFF

    def _tick(self, depth: int) -> None:
        self.steps += 1
        if not self.steps & 0xFFF:
            self.budget.check_time()
        if depth > DEEP:
            raise OverLimitError(f"objects of R lie more than {DEEP} deep in one another")

    def _item(self, depth: int) -> tuple[int, str]:
        """Read one object; gives its type and, of a symbol or a text, its words."""
        self._tick(depth)
        start = self.position
        flags = self._number() & 0xFFFFFFFF
        kind = flags & 0xFF
        if kind in _PAIRED:
            return self._pairs(flags, kind, start, depth), ""
        said = self._plain(kind, flags, start, depth)
        # Marks and references use these bits for something else, or not at all.
        if flags & HAS_ATTRIBUTES and kind not in {TEXT, SYMBOL, ENVIRONMENT} and kind <= S4:
            self._item(depth + 1)
        return kind, said

    def _plain(self, kind: int, flags: int, start: int, depth: int) -> str:
        if kind in _MARKS or kind == S4:
            return ""
        if kind == REFERENCE:
            index = flags >> 8 or self._number()
            if not 0 < index <= len(self.references):
                raise ArtifactError(f"a reference to nothing at {start}")
            if name := self.references[index - 1]:
                self.symbols.append(name)
            return name
        if kind in {SYMBOL, TEXT, SPECIAL, BUILTIN}:
            return self._word(kind, depth)
        if kind in _WIDTHS:
            self._skip(self._length() * _WIDTHS[kind])
        elif kind in {STRINGS, LIST, EXPRESSION}:
            for _ in range(self._length()):
                self._item(depth + 1)
        elif kind in {NAMESPACE, PACKAGE, PERSISTENT}:
            self._number()
            names = [self._item(depth + 1)[1] for _ in range(self._length())]
            self.references.append("")
            if kind == PERSISTENT:
                self._note("an object that the loading program must bring", start, names)
        elif kind == BYTECODE:
            self._number()
            self._code(start, depth + 1)
        else:
            self._held(kind, start, depth)
        return ""

    def _held(self, kind: int, start: int, depth: int) -> None:
        if kind == ENVIRONMENT:
            self.references.append("")
            self._number()
            for _ in range(4):
                self._item(depth + 1)
        elif kind == POINTER:
            self.references.append("")
            self._item(depth + 1)
            self._item(depth + 1)
        elif kind == WEAK:
            self.references.append("")
        elif kind == ALTERNATIVE:
            before = len(self.symbols)
            self._item(depth + 1)
            self.alternatives += self.symbols[before : before + 1]
            self._item(depth + 1)
            self._item(depth + 1)
        else:
            raise ArtifactError(f"an object of type {kind} at {start} is none of R's")

    def _word(self, kind: int, depth: int) -> str:
        if kind == SYMBOL:
            name = self._item(depth + 1)[1]
            self.references.append(name)
            self.symbols.append(name)
            return name
        length = self._number()
        if length == -1 and kind == TEXT:
            return ""
        if length > LONGEST_TEXT:
            self._skip(length)
            return ""
        return self._take(length).decode("utf-8", "replace")

    def _pairs(self, flags: int, kind: int, start: int, depth: int) -> int:
        """Pairs one behind the other; of a call the first says what is called."""
        first_kind = kind
        while True:
            begins = len(self.symbols)
            if flags & HAS_ATTRIBUTES:
                self._item(depth + 1)
            tag = self._item(depth + 1)[1] if flags & HAS_TAG else ""
            if flags >> 12 & ACTIVE:
                self._note("a variable that runs a function whenever it is read", start, [])
            result, name = self._item(depth + 1)
            if tag and result in _MAY_RUN:
                self.functions.add(tag)
            if kind == CALL:
                self.symbols.append(f"{name or COMPUTED}(")
            if kind == PROMISE:
                self._promise(result, begins, start, depth)
                return first_kind
            if kind == CLOSURE:
                self._item(depth + 1)
                self._note("a function", start, self._called(begins))
                return first_kind
            self._tick(depth)
            start = self.position
            flags = self._number() & 0xFFFFFFFF
            kind = flags & 0xFF
            if kind in {CLOSURE, PROMISE} or kind not in _PAIRED:
                self.position = start
                self._item(depth + 1)
                return first_kind

    def _promise(self, value: int, begins: int, start: int, depth: int) -> None:
        """Read the expression of a promise: a constant stands for itself, and runs nothing."""
        expression = len(self.symbols)
        kind, _ = self._item(depth + 1)
        if value != UNBOUND or kind in _CONSTANTS:
            return
        is_known = kind in {CALL, ATTR_CALL, SYMBOL}
        self.found.append(
            SerializedObject(
                kind="a promise, whose expression runs when it is used",
                offset=start,
                calls=tuple(dict.fromkeys(self._called(begins)))[:500],
                names=frozenset(self.symbols[expression:] if is_known else ()),
            )
        )

    def _called(self, begins: int) -> list[str]:
        return [name[:-1] for name in self.symbols[begins:] if name.endswith("(")]

    def _note(self, kind: str, start: int, calls: list[str]) -> None:
        self.found.append(
            SerializedObject(kind=kind, offset=start, calls=tuple(dict.fromkeys(calls))[:500])
        )

    def _code(self, start: int, depth: int) -> None:
        """Compiled code: instructions as numbers, then the constants that they use."""
        self._tick(depth)
        begins = len(self.symbols)
        self._item(depth + 1)
        for _ in range(self._length()):
            kind = self._number()
            if kind == BYTECODE:
                self._code(start, depth + 1)
            elif kind in {CALL, PAIRS, REPEAT_DEF, REPEAT_REF, ATTR_CALL, ATTR_PAIRS}:
                self._language(kind, depth + 1)
            else:
                self._item(depth + 1)
        self._note("compiled code", start, self._called(begins))

    def _language(self, kind: int, depth: int) -> str:
        self._tick(depth)
        if kind == REPEAT_REF:
            self._number()
            return ""
        if kind == REPEAT_DEF:
            self._number()
            kind = self._number()
        if kind not in {CALL, PAIRS, ATTR_CALL, ATTR_PAIRS}:
            return self._item(depth + 1)[1]
        if kind in {ATTR_CALL, ATTR_PAIRS}:
            self._item(depth + 1)
        self._item(depth + 1)
        name = self._language(self._number(), depth + 1)
        if kind in {CALL, ATTR_CALL} and name:
            self.symbols.append(f"{name}(")
        self._language(self._number(), depth + 1)
        return ""
