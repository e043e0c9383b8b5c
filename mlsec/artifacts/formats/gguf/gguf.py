"""Reads GGUF: metadata with its chat templates, and where the tensors lie; never their bytes."""

# Why not the gguf package: it maps the whole file, needs NumPy and believes the counts in the
# header; nothing says which bytes no tensor covers.

from __future__ import annotations

import itertools
import struct
from collections import Counter
from typing import Any

import msgspec

from mlsec.artifacts.archives.member_names import danger_of_tensor
from mlsec.artifacts.bytes.byte_reader import ByteReader
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import CONTROL
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.embedded.contents import judge_beginnings
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.gguf.types import BLOCKS
from mlsec.artifacts.pickle.files.sniff import sniff_pickle
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

MAGIC = b"GGUF"
# Small, so that hardly anything behind the header is fetched.
MOST_KEYS, MOST_TENSORS, MOST_ITEMS = 100_000, 1_000_000, 16_000_000
TEXT_BYTES = 4 << 20
STRING, ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_PROPERTIES = {
    "general.architecture": "architecture",
    "general.name": "name",
    "general.license": "license",
    "general.quantized_by": "producer",
    "general.file_type": "file_type",
}
_NOTED = 20
SNIFFED_BYTES = 4096


class Tensor(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One tensor: byte span from the start of the data; ``end`` is -1 for an unknown type."""

    start: int
    end: int
    name: str


def sniff_gguf(head: bytes, _window: Window) -> bool:
    """Whether the file starts with the magic, which both byte orders share."""
    return head[:4] == MAGIC


def read_gguf(window: Window, record: Recorder) -> None:
    """Read versions 1 to 3 in both byte orders, and account for every byte.

    Raises:
        ArtifactError: an unknown version or type, a length beyond the file.
        OverLimitError: more keys, tensors or items than any model has.
    """
    reader = _Header(window, record)
    tensors = reader.read()
    record.property("tensors", len(tensors))
    _account(window, record, reader, tensors)


class _Header(ByteReader):
    """Reads the header one field behind the other, in the width and order of its version."""

    chunk_bytes = 16 << 10

    def __init__(self, window: Window, record: Recorder) -> None:
        super().__init__(window, 4)  # behind the mark
        self.record = record
        self.order = "<"
        self.wide = True
        self.alignment = 32
        self.seen: dict[str, tuple[int, int]] = {}

    def read(self) -> list[Tensor]:
        version = self._version()
        tensors, keys = self._count(), self._count()
        if keys > MOST_KEYS or tensors > MOST_TENSORS:
            raise OverLimitError(f"{keys} keys and {tensors} tensors are more than any model has")
        self.record.property("format_version", version)
        for _ in range(keys):
            self._pair()
        return [self._tensor() for _ in range(tensors)]

    def _version(self) -> int:
        raw = self._take(4)
        version = int.from_bytes(raw, "little")
        if version > 0xFFFF:
            self.order = ">"
            version = int.from_bytes(raw, "big")
        if not 1 <= version <= 3:
            raise ArtifactError(f"GGUF version {version} is unknown")
        self.wide = version > 1
        return version

    def _number(self, letter: str) -> Any:
        form = self.order + letter
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _count(self) -> int:
        return int(self._number("Q" if self.wide else "I"))

    def _bytes(self) -> bytes:
        """A string; one longer than 4 MiB is cut, and that is noted."""
        length = self._count()
        if length > self.window.size_bytes - self.position:
            raise ArtifactError(f"a text of {length} bytes at {self.position} is not there")
        if length <= TEXT_BYTES:
            return self._take(length)
        detail = f"a text of {length} bytes is read only in its first {TEXT_BYTES}"
        self.record.fact(FactKind.NOT_FULLY_READ, "text", detail, offset=self.position)
        end = self.position + length
        data = self._take(TEXT_BYTES)
        self.position = end
        return data

    def _pair(self) -> None:
        start = self.position
        key = self._bytes().decode("utf-8", "replace")
        before, at = self.seen.get(key), self.position
        self._value(key, int(self._number("I")), start, 0)
        result = (at, self.position - at)
        self.seen.setdefault(key, result)
        if before is not None and not self._is_same(before, result):
            detail = "this key comes twice, and readers differ on which one counts"
            self.record.fact(FactKind.TWO_READINGS, key, detail, offset=start)

    def _is_same(self, first: tuple[int, int], second: tuple[int, int]) -> bool:
        """Whether two values, as (offset, length), are equal byte for byte."""
        if first[1] != second[1] or first[1] > TEXT_BYTES:
            return False
        return self.window.read(*first) == self.window.read(*second)

    def _value(self, key: str, kind: int, start: int, depth: int) -> None:
        if kind == STRING:
            self._text(key, self._bytes(), start)
        elif kind == ARRAY:
            self._array(key, start, depth)
        elif kind in _SCALARS:
            self._scalar(key, self._number(_SCALARS[kind]))
        else:
            raise ArtifactError(f"the value type {kind} of {key!r:.80} is unknown")

    def _scalar(self, key: str, value: Any) -> None:
        if key == "general.alignment" and isinstance(value, int):
            if value < 1 or value > 1 << 20 or value & (value - 1):
                raise ArtifactError(f"an alignment of {value} is not a power of two")
            self.alignment = value
        elif key in _PROPERTIES:
            self.record.property(_PROPERTIES[key], value)

    def _text(self, key: str, raw: bytes, start: int) -> None:
        text = raw.decode("utf-8", "replace")
        if CONTROL.search(raw):
            # Not text: it is searched like bytes that no format explains.
            search(Window.of(raw), self.record)
        elif sniff_pickle(raw[:SNIFFED_BYTES], Window.of(raw)):
            self.record.member(f"({key[:100]})", Window.of(raw))
        if key in _PROPERTIES:
            self.record.property(_PROPERTIES[key], text[:200])
        if "chat_template" in key or (len(text) > 4 and ("{%" in text or "{{" in text)):
            self.record.property("chat_template", value=True)
            from mlsec.artifacts.templates.judge import judge_template  # noqa: PLC0415 - only for a template

            judge_template(text, self.record, key[:100], offset=start)
        elif not key.startswith("tokenizer."):
            judge_metadata(text, key, self.record, offset=start)

    def _array(self, key: str, start: int, depth: int) -> None:
        kind, count = int(self._number("I")), self._count()
        if count > MOST_ITEMS or depth > 4:
            raise OverLimitError(f"{key!r:.80} is a list of {count} items, {depth} deep")
        if kind in _SCALARS:
            size = struct.calcsize(self.order + _SCALARS[kind]) * count
            if size > self.window.size_bytes - self.position:
                raise ArtifactError(f"a list of {size} bytes at {self.position} is not there")
            judge_beginnings(self.window, [(self.position, size)], self.record)
            self.position += size
        elif kind == STRING:
            self._texts(key, count, start)
        else:
            for _ in range(count):
                self.record.budget.check_time()
                self._value(key, kind, start, depth + 1)

    def _texts(self, key: str, count: int, start: int) -> None:
        """A list of texts: judged where it may hold templates, else only stepped over."""
        if "template" in key or count <= 64 or not key.startswith("tokenizer."):
            for _ in range(count):
                self._text(key, self._bytes(), start)
            return
        while count:
            self.record.budget.check_time()
            count -= self._step_over(count)

    def _step_over(self, count: int) -> int:
        """Step over texts that lie in the chunk at hand, at least one; gives how many."""
        form = struct.Struct(self.order + ("Q" if self.wide else "I"))
        self._take(form.size)
        self.position -= form.size
        first = offset = self.position - self.base
        chunk, last = self.chunk, len(self.chunk) - form.size
        done = 0
        while done < count and offset <= last:
            offset += form.size + form.unpack_from(chunk, offset)[0]
            done += 1
        self.position += offset - first
        if self.position > self.window.size_bytes:
            raise ArtifactError(f"a text that ends at {self.position} is not there")
        return done

    def _tensor(self) -> Tensor:
        name = self._bytes().decode("utf-8", "replace")
        dimensions = int(self._number("I"))
        if dimensions > 8:
            raise ArtifactError(f"the tensor {name!r:.80} has {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= self._count()
        kind, start = int(self._number("I")), int(self._number("Q"))
        block = BLOCKS.get(kind)
        if block is None:
            return Tensor(start=start, end=-1, name=name)
        per_block, block_bytes = block
        return Tensor(start=start, end=start + -(-elements // per_block) * block_bytes, name=name)


def _aligned(position: int, alignment: int) -> int:
    return (position + alignment - 1) // alignment * alignment


def _account(window: Window, record: Recorder, header: _Header, tensors: list[Tensor]) -> None:
    """Say which bytes the header and the tensors account for; note what does not fit."""
    base = _aligned(header.position, header.alignment)
    record.understood(0, min(base, window.size_bytes))
    ends = [(tensor.start, tensor.end, tensor.name) for tensor in sorted(tensors)]
    noted, reached = 0, 0
    for index, (start, known_end, name) in enumerate(ends):
        following = ends[index + 1][0] if index + 1 < len(ends) else window.size_bytes - base
        end = following if known_end < 0 else known_end
        problem = _problem(start, end, reached, header.alignment, window.size_bytes - base)
        if problem and noted < _NOTED:
            noted += 1
            record.fact(FactKind.BROKEN, name, problem, offset=base + start)
        reached = max(reached, end)
        last = min(base + _aligned(end, header.alignment), window.size_bytes)
        if base + start < last:
            record.understood(base + start, last)
    known = [(base + start, end - start) for start, end, _ in ends if end > start]
    judge_beginnings(window, known, record)
    _judge_names(record, tensors)
    unknown = [tensor for tensor in tensors if tensor.end < 0]
    if unknown:
        record.property("tensors_of_unknown_type", len(unknown))
        detail = f"{len(unknown)} tensors are of a type that is not known: how long they are is not"
        record.gap(GapReason.UNSUPPORTED, detail, start=base + unknown[0].start)


def _judge_names(record: Recorder, tensors: list[Tensor]) -> None:
    counts = Counter(tensor.name for tensor in tensors)
    for name in [name for name, count in counts.items() if count > 1][:_NOTED]:
        detail = f"{counts[name]} tensors have this name, and readers differ on which one counts"
        record.fact(FactKind.TWO_READINGS, name, detail)
    unsafe = ((name, why) for name in counts if (why := danger_of_tensor(name)))
    for name, why in itertools.islice(unsafe, _NOTED):
        record.fact(FactKind.UNSAFE_MEMBER_NAME, name, why, danger=Severity.MEDIUM)


def _problem(start: int, end: int, reached: int, alignment: int, data_bytes: int) -> str:
    if end > data_bytes:
        return f"ends {end - data_bytes} bytes beyond the file"
    if start < reached and end > start:
        return "lies over the tensor before it"
    if start % alignment:
        return f"does not start at a multiple of {alignment}"
    return ""
