"""Walks Universal Binary JSON, the form in which XGBoost writes its models."""

# Why not py-ubjson: it builds the whole document and allocates what a count claims; keys that
# stand twice and offsets are lost.

from __future__ import annotations

from mlsec.artifacts.bytes.byte_reader import ByteReader
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget

DEEP = 64
TEXT_BYTES, MOST_TEXTS = 1 << 20, 100_000
# Bytes that a value of each type takes. Source: the UBJSON specification, draft 12.
SIZES = {b"Z": 0, b"T": 0, b"F": 0, b"N": 0, b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4, b"d": 4}
SIZES |= {b"L": 8, b"D": 8}
_COUNTS = b"iUIlL"


class Ubjson(ByteReader):
    """Steps through one document; ``position`` is where it stands, ``texts`` (path, text) met."""

    def __init__(self, window: Window, budget: Budget) -> None:
        super().__init__(window)
        self.budget = budget
        self.steps = 0
        self.texts: dict[tuple[str, str], None] = {}
        self.keys_twice: dict[str, None] = {}
        # What was stepped over: (offset, length) of texts too long, and how many were too many.
        self.long_texts: list[tuple[int, int]] = []
        self.texts_left = 0

    def read(self) -> int:
        """Walk the outermost value; gives where it ends.

        Raises:
            ArtifactError: an unknown marker, a length beyond the file, too deep nesting.
        """
        self._value(self._take(1), "", 0)
        return self.position

    def _count(self) -> int:
        marker = self._take(1)
        if marker not in _COUNTS:
            raise ArtifactError(f"a length of type {marker!r} at {self.position} is none")
        raw = self._take(SIZES[marker])
        return int.from_bytes(raw, "big", signed=marker != b"U")

    def _text(self) -> str:
        length = self._count()
        if not 0 <= length <= TEXT_BYTES:
            at = self.position
            self._skip(length)
            self.long_texts.append((at, length))
            return ""
        return self._take(length).decode("utf-8", "replace")

    def _value(self, marker: bytes, path: str, depth: int) -> None:
        self.steps += 1
        if not self.steps & 0xFFF:
            self.budget.check_time()
        if depth > DEEP:
            raise ArtifactError(f"values lie more than {DEEP} deep")
        if marker in SIZES:
            self._skip(SIZES[marker])
        elif marker in {b"S", b"H"}:
            text = self._text()
            if len(self.texts) < MOST_TEXTS:
                self.texts[path, text] = None
            else:
                self.texts_left += 1
        elif marker == b"{":
            self._object(path, depth)
        elif marker == b"[":
            self._array(path, depth)
        else:
            raise ArtifactError(f"the marker {marker!r} at {self.position} is none")

    def _container(self) -> tuple[bytes, int]:
        """The type and count that a container declares: b"" and -1 where it does not."""
        kind, count = b"", -1
        if self._peek() == b"$":
            self._take(1)
            kind = self._take(1)
        if self._peek() == b"#":
            self._take(1)
            count = self._count()
            if count < 0:
                raise ArtifactError(f"a container of {count} values at {self.position}")
        if kind and count < 0:
            # Nothing would mark its end: values of no bytes each would follow for ever.
            raise ArtifactError(f"a container of one type and no count at {self.position}")
        return kind, count

    def _peek(self) -> bytes:
        byte = self._take(1)
        self.position -= 1
        return byte

    def _array(self, path: str, depth: int) -> None:
        kind, count = self._container()
        if kind in SIZES and count >= 0:
            if not SIZES[kind] and count > self.window.size_bytes:
                raise ArtifactError(f"{count} values of no bytes each at {self.position}")
            self._skip(SIZES[kind] * count)
            return
        left = count
        while left:
            marker = kind or self._take(1)
            if count < 0 and marker == b"]":
                return
            self._value(marker, f"{path}[]", depth + 1)
            left -= 1

    def _object(self, path: str, depth: int) -> None:
        kind, count = self._container()
        seen: set[str] = set()
        left = count
        while left:
            if count < 0 and self._peek() == b"}":
                self._take(1)
                return
            key = self._text()
            if key in seen:
                self.keys_twice[key] = None
            seen.add(key)
            self._value(kind or self._take(1), f"{path}.{key}"[-300:], depth + 1)
            left -= 1
