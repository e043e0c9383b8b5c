"""Reads HDF5 models: what their attributes hold, and the other files they lead to."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.contents import judge_value
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.hdf5 import layout
from mlsec.artifacts.formats.hdf5.layout import SIGNATURE, Cursor, Hdf5File, Message
from mlsec.artifacts.formats.hdf5.objects import LinkKind, attributes_of, links_of
from mlsec.artifacts.formats.hdf5.pickled_rows import MARK, PICKLED, judge_rows
from mlsec.artifacts.formats.hdf5.sizes import SIZED, judge_dataset
from mlsec.artifacts.formats.hdf5.virtual import SELF, source_files
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

OBJECTS = 500_000
# Filters that the library or its usual companions carry; others are loaded as plug-ins.
KNOWN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000, 32001, 32004, 32008, 32013, 32015, 32017})
_TEXTS = {"keras_version": "producer_version", "backend": "backend"}
# What other programs write before the superblock.
_OWNERS = (b"MATLAB ", b"HDF5-based Julia Data Format", b"Julia data file (HDF5)")


def superblock_at(head: bytes, window: Window) -> int | None:
    """Where the superblock is: at 0, 512, 1024, ...; None without one."""
    if head.startswith(SIGNATURE):
        return 0
    start = 512
    while start + 8 <= min(window.size_bytes, 1 << 20):
        if window.read(start, 8) == SIGNATURE:
            return start
        start *= 2
    return None


def sniff_hdf5(head: bytes, window: Window) -> bool:
    """Whether there is an HDF5 superblock where one may be."""
    return superblock_at(head, window) is not None


def read_hdf5(window: Window, record: Recorder) -> None:
    """Walk all groups and datasets by their headers; no dataset is read.

    Raises:
        ArtifactError: broken structures; what was found before stays.
    """
    start = superblock_at(window.read(0, 16), window) or 0
    file = Hdf5File(window, start)
    is_owned = start == 0 or window.read(0, 64).startswith(_OWNERS)
    record.understood(0 if is_owned else start, file.end)
    if start and b"Julia" in window.read(0, 64):
        detail = "types of Julia are rebuilt when it is loaded, which no reader follows"
        record.gap(GapReason.UNSUPPORTED, detail)
    if file.end > window.size_bytes:
        detail = f"the file ends {file.end - window.size_bytes} bytes before its end is declared"
        record.fact(FactKind.BROKEN, "truncated", detail)
        record.gap(GapReason.MALFORMED, detail, start=window.size_bytes)
    walk = _Walk(file, record)
    walk.read()
    if walk.has_pickled_rows:
        judge_rows(window, record)
    search_inside(window, record, "an HDF5 file")


class _Walk:
    """One walk from the root group over every object that hard links reach."""

    def __init__(self, file: Hdf5File, record: Recorder) -> None:
        self.file = file
        self.record = record
        self.seen: set[int] = set()
        self.broken = 0
        self.has_pickled_rows = False

    def read(self) -> None:
        left = [(self.file.root, "")]
        while left:
            address, path = left.pop()
            if address in self.seen or address < 0:
                continue
            self.seen.add(address)
            if not len(self.seen) & 0xFF:
                self.record.budget.check_time()
            if len(self.seen) > OBJECTS:
                raise ArtifactError(f"more than {OBJECTS} HDF5 objects")
            try:
                self._object(address, path, left)
            except ArtifactError as error:
                self._note_broken(path, error)
        self.record.property("objects", len(self.seen))

    def _note_broken(self, path: str, error: ArtifactError) -> None:
        self.broken += 1
        if self.broken <= 20:
            self.record.broken(path or "/", error, path or "/")

    def _object(self, address: int, path: str, left: list[tuple[int, str]]) -> None:
        sized: dict[int, Message] = {}
        for message in self.file.messages(address):
            if message.kind in SIZED:
                sized.setdefault(message.kind, message)
            try:
                self._message(message, path, left)
            except ArtifactError as error:
                self._note_broken(path, error)
        judge_dataset(self.file, sized, path, self.record)

    def _message(self, message: Message, path: str, left: list[tuple[int, str]]) -> None:
        for link in links_of(self.file, message):
            name = f"{path}/{link.name}"[-400:]
            match link.kind:
                case LinkKind.HARD:
                    left.append((link.address, name))
                case LinkKind.EXTERNAL:
                    detail = f"the link {name} leads into another file"
                    self._outside(link.target, detail, message)
                case LinkKind.USER:
                    detail = f"the link {name} is of a kind that a plug-in resolves"
                    self.record.fact(FactKind.CUSTOM_OPERATOR, name, detail)
                case LinkKind.SOFT:
                    pass
        for attribute in attributes_of(self.file, message):
            for value in attribute.values:
                self._value(attribute.name, value, path)
        match message.kind:
            case layout.EXTERNAL_FILES:
                self._external_files(message, path)
            case layout.LAYOUT:
                self._layout(message, path)
            case layout.FILTERS:
                self._filters(message, path)
            case _:
                pass

    def _outside(self, target: str, detail: str, message: Message) -> None:
        offset = message.address
        self.record.fact(FactKind.OUTSIDE_REFERENCE, target, detail, offset=offset)

    def _value(self, name: str, value: bytes, path: str) -> None:
        plain = value.rstrip(b"\0 ")
        self.has_pickled_rows |= name == MARK and plain == PICKLED
        if path == "" and name in _TEXTS:
            self.record.property("producer", "keras")
            self.record.property(_TEXTS[name], plain[:40].decode("utf-8", "replace"))
        is_text = plain.lstrip()[:1] in {b"{", b"["} and len(plain) > 8
        is_pickle = plain[:1] == b"\x80" or (plain[-1:] == b"." and b"\n" in plain)
        if is_text or is_pickle or plain[:4] in {b"\xef\xbb\xbf{", b"\xff\xfe{\0"}:
            self.record.member(f"{path}@{name}".lstrip("/"), Window.of(plain))
        else:
            judge_value(plain, f"{path}@{name}".lstrip("/"), self.record)

    def _external_files(self, message: Message, path: str) -> None:
        cursor = Cursor(message.data, self.file.offset_bytes, self.file.length_bytes)
        cursor.take(6)
        used, heap_at = cursor.number(2), cursor.offset()
        heap = b"" if heap_at is None else self.file.local_heap(heap_at)
        for _ in range(used):
            at = cursor.length()
            cursor.length()
            cursor.length()
            target = heap[at : at + 4096].split(b"\0", 1)[0].decode("utf-8", "replace")
            self._outside(target, f"the data of {path} lie in another file", message)

    def _layout(self, message: Message, path: str) -> None:
        file = self.file
        if message.data[1:2] == b"\x03" and message.data[:1] in {b"\x04", b"\x05"}:
            cursor = Cursor(message.data, file.offset_bytes, file.length_bytes)
            cursor.take(2)
            address, index = cursor.offset(), cursor.number(4)
            listed = b"" if address is None else self.file.global_object(address, index)
            files = source_files(listed, file.offset_bytes, file.length_bytes) if listed else ()
            for target in dict.fromkeys(files):
                if target != SELF:
                    self._outside(target, f"{path} is a view into other files", message)

    def _filters(self, message: Message, path: str) -> None:
        cursor = Cursor(message.data, self.file.offset_bytes, self.file.length_bytes)
        version, count = cursor.number(1), cursor.number(1)
        if self.record.is_first_of("filters"):
            detail = "datasets that are packed by filters were not unpacked and searched"
            self.record.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)
        cursor.take(6 if version == 1 else 0)
        for _ in range(count):
            number = cursor.number(2)
            named = cursor.number(2) if version == 1 or number >= 256 else 0
            cursor.take(2)
            values = cursor.number(2)
            padding = 4 if version == 1 and values % 2 else 0
            cursor.take((named + 7) // 8 * 8 if version == 1 else named)
            cursor.take(4 * values + padding)
            if number not in KNOWN_FILTERS:
                detail = f"{path} needs the filter plug-in {number}"
                self.record.fact(FactKind.CUSTOM_OPERATOR, str(number), detail, danger=Severity.LOW)
