"""Programs and libraries: recognised by their first bytes, never read further."""

from __future__ import annotations

import re
from typing import Literal

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.program_text import note_program, shell_in
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

MACH_O = frozenset(
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")
)
FAT_MACH_O = frozenset(bytes.fromhex(magic) for magic in ("cafebabe", "cafebabf"))
# Major version of the first Java; no Mach-O file holds programs for so many processors.
FIRST_JAVA = 45
MOST_PROCESSORS, MOST_KINDS = 32, 32
SCRIPT_BYTES = 1 << 20
# The size of its header, then the class of a shortcut.
_SHORTCUT = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F"
SCRIPT = re.compile(rb"\xef?\xbb?\xbf?#![ \t]*/[^\n\0]{1,200}")


def kind_of(head: bytes, window: Window | None = None) -> str:
    """Which kind of program begins with these bytes, or ""."""
    if head.startswith(b"\x7fELF"):
        return "an ELF program or library"
    if head[:4] in MACH_O and _has_processor(head):
        return "a Mach-O program or library"
    if head[:4] in FAT_MACH_O:
        # Java classes share the magic; their version is not a small count of parts.
        is_java = int.from_bytes(head[4:8], "big") >= FIRST_JAVA
        return "a Java class" if is_java else "a Mach-O program or library"
    if head.startswith(b"\0asm") and head[5:8] == b"\0\0\0":
        return "a WebAssembly module"
    if head.startswith(_SHORTCUT):
        return "a Windows shortcut, which may start any program"
    if head.startswith(b"MZ") and _is_windows(head, window):
        return "a Windows program or library"
    script = SCRIPT.match(head)
    # A Python script is judged by what it does, as other Python files are.
    return "a script" if script and b"python" not in script.group() else ""


def _has_processor(head: bytes) -> bool:
    """Whether a Mach-O mark is followed by a processor and by a kind of file.

    The mark alone is a word that people write into examples. Source: mach/machine.h, loader.h.
    """
    order: Literal["big", "little"] = "little" if head[:1] in {b"\xce", b"\xcf"} else "big"
    processor, kind = (int.from_bytes(head[at : at + 4], order) for at in (4, 12))
    return len(head) >= 16 and processor & 0xFFFFFF <= MOST_PROCESSORS and kind <= MOST_KINDS


def _is_windows(head: bytes, window: Window | None) -> bool:
    """Whether the DOS header points at a PE header, as "MZ" alone begins other files too."""
    at = int.from_bytes(head[60:64], "little")
    mark = head[at : at + 4]
    if not mark and window is not None:
        mark = window.read(at, 4)
    return len(head) >= 64 and mark == b"PE\0\0"


def sniff_executable(head: bytes, window: Window) -> bool:
    """Whether the file is something that an operating system runs or loads."""
    return bool(kind_of(head, window))


def read_executable(window: Window, record: Recorder) -> None:
    """Say what it is. Inside an archive it has no business being there; beside one it may."""
    kind = kind_of(window.read(0, 4096), window)
    record.understood(0, window.size_bytes)
    if kind == "a script" and not record.is_image:
        detail = "a script in a language that no reader judges"
        record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
        if result := shell_in(window.read(0, SCRIPT_BYTES)):
            note_program(record, result, "a line of the script")
    if record.is_image:
        record.fact(FactKind.EMBEDDED_EXECUTABLE, kind, "in an image", danger=Severity.INFO)
    elif kind == "a Java class" and record.depth:
        # One archive of a program has thousands: it is reported once, at the first.
        if record.is_first_of(kind):
            detail = "inside an archive, as the first of its kind there"
            record.fact(FactKind.EMBEDDED_EXECUTABLE, kind, detail)
    elif record.depth:
        danger = Severity.MEDIUM if kind == "a script" else None
        record.fact(FactKind.EMBEDDED_EXECUTABLE, kind, "inside an archive", danger=danger)
    else:
        danger = Severity.LOW if kind == "a script" else Severity.MEDIUM
        record.fact(FactKind.EMBEDDED_EXECUTABLE, kind, "among the model's files", danger=danger)
