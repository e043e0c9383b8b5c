"""Turns bytes that no reader accounted for into facts, and looks at what they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.code_blobs import find_code, note_code
from mlsec.artifacts.content.known_formats import CONTINUED, gadget_in, is_look_of_model, look_of
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

GAPS = 64
FILLING_BYTES = 64 << 10
LINE_ENDS = 8
SEARCHED_BYTES = 8 << 20
NEAR_BYTES = 4096
# Compiled Python begins behind a header of 8, 12 or 16 bytes.
CODE_BYTES, PYC_HEADER_BYTES = 64 << 10, 16

# What an unknown file is searched for: an import as a pickle writes it (before and since
# protocol 4), the first header of a zip, an ELF file. None is likely in numbers or in pictures.
# One pattern each, as the regex engine is fast only where a pattern begins with fixed bytes.
BURIED: Mapping[str, re.Pattern[bytes]] = {
    "import": regex(
        rb"c[a-z_][\w.]{1,80}\n[A-Za-z_][\w.]{0,80}\n(?=(?:q.)?[(\])}NVSUXKIJM\x8c])", re.DOTALL
    ),
    "stack import": regex(
        rb"\x8c[\x02-\x50][a-z_][\w.]{1,80}(?:\x94|q.)?"
        rb"\x8c[\x02-\x50][A-Za-z_][\w.]{1,80}(?:\x94|q.)?\x93",
        re.DOTALL,
    ),
    "zip": regex(rb"PK\x03\x04[\x0a\x14\x2d]\0"),
    "elf": regex(rb"\x7fELF[\x01\x02][\x01\x02]\x01"),
}
PROTOCOL = regex(rb"\x80[\x01-\x05]")


def account(window: Window, record: Recorder, *, is_known: bool) -> None:
    """Note what is left of a file or member when its readers are done, and read that too."""
    if not is_known:
        _unknown(window, record)
        return
    for number, (start, end) in enumerate(record.spans.gaps(window.size_bytes)):
        if _is_filling(window, start, end):
            continue
        if number >= GAPS:
            record.unread(
                GapReason.OVER_LIMIT, f"more than {GAPS} gaps; this is the next one",
                start=start, size_bytes=end - start,
            )  # fmt: skip
            return
        if known := CONTINUED.get(window.read(start, 4)):
            detail = f"{known}, which no reader knows"
            record.gap(GapReason.UNSUPPORTED, detail, start=start, size_bytes=end - start)
            search(window.part(start, end - start), record)
            continue
        record.fact(
            FactKind.UNACCOUNTED_BYTES,
            f"{end - start} bytes",
            "belong to nothing that the format describes",
            offset=start,
        )
        if end - start == window.size_bytes:
            search(window, record)
        else:
            record.member(f"(bytes {start} to {end})", window.part(start, end - start))


def _is_filling(window: Window, start: int, end: int) -> bool:
    """Whether a gap is short and holds only zeros, as alignment and tape blocks do, or one line."""
    if end - start > FILLING_BYTES:
        return False
    data = window.read(start, end - start)
    return not any(data) or (len(data) <= LINE_ENDS and not data.strip(b"\r\n\0\x1a "))


def _unknown(window: Window, record: Recorder) -> None:
    if _is_filling(window, 0, window.size_bytes):
        if not record.depth:
            detail = "holds nothing but zeros: its purpose is not known"
            record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
        return
    look = look_of(window)
    detail = f"looks like {look}, which no reader knows" if look else "no reader knows this format"
    if look and not record.depth:
        record.property("looks_like", look)
        record.property("is_model_look", is_look_of_model(window))
    code = find_code(window.read(0, CODE_BYTES))
    if code is not None and code.offset <= PYC_HEADER_BYTES:
        note_code(record, code, "the file itself")
    if gadget := gadget_in(window):
        why = "is read by making objects, and this class turns that into running commands"
        record.fact(FactKind.DENIED_CALL, gadget, why)
    record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
    if record.depth:
        record.fact(FactKind.NOT_FULLY_READ, "unsupported", detail, danger=Severity.LOW)
    search(window, record)


def search(window: Window, record: Recorder) -> None:
    """Look for what is buried in the first bytes of what no format explains; read from there on."""
    data = window.read(0, SEARCHED_BYTES)
    record.in_part("these bytes", SEARCHED_BYTES, window.size_bytes)
    result = [(hit.start(), name) for name, sign in BURIED.items() if (hit := sign.search(data))]
    if not result:
        return
    at, name = min(result)
    start = _beginning(data, at) if "import" in name else at
    detail = "looks like something that can be loaded, where no format explains it"
    record.fact(FactKind.UNACCOUNTED_BYTES, name, detail, offset=start)
    if start:  # else it would be this same window again
        rest = window.part(start, window.size_bytes - start)
        record.member(f"(bytes from {start})", rest)


def _beginning(data: bytes, at: int) -> int:
    """Where the pickle around an import begins, if it is near; else where the import is."""
    near = [match.start() for match in PROTOCOL.finditer(data, max(0, at - NEAR_BYTES), at)]
    return near[-1] if near else at
