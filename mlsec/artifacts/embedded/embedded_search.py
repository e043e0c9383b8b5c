"""Searches bytes that a format declares as plain data for content that can be loaded."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.executable import kind_of
from mlsec.artifacts.content.program_text import note_program, program_in
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.regex import regex

SEARCHED_BYTES = 8 << 20
HEAD_BYTES = 4096
MOST_PROGRAMS = 5
# More of these bytes are fixed than numbers or pictures hit by chance.
_BEGINS = (
    regex(rb"\x7fELF[\x01\x02][\x01\x02]\x01[\0-\x12]"),
    regex(rb"\xcf\xfa\xed\xfe[\x07\x0c]\0\0\x01|\xfe\xed\xfa\xcf\x01\0\0[\x07\x0c]"),
)
# The header of a Windows program, which stands behind a short program for DOS.
_WINDOWS = regex(rb"PE\0\0(?:\x4c\x01|\x64\x86|\x64\xaa|\xc4\x01)")


def search_inside(window: Window, record: Recorder, what: str) -> None:
    """Judge pickles, and note programs and their text, anywhere in the first 8 MiB.

    ``what`` is how the file is called where it is longer and this has to be said.
    """
    from mlsec.artifacts.embedded.pickle_literals import LiteralSearch  # noqa: PLC0415 - as below
    from mlsec.artifacts.pickle.files.readings import read_inside  # noqa: PLC0415 - it loads much

    data = window.read(0, SEARCHED_BYTES)
    read_inside(window, record, data, LiteralSearch)
    for count, at in enumerate(sorted(_programs(data))):
        if count >= MOST_PROGRAMS:
            break
        kind = kind_of(data[at : at + HEAD_BYTES])
        detail = f"stands in the middle of {what}, whose format has no place for it"
        record.fact(FactKind.EMBEDDED_EXECUTABLE, kind, detail, offset=at)
    if result := program_in(data):
        note_program(record, result, f"what {what} keeps")
    record.in_part(what, SEARCHED_BYTES, window.size_bytes)


def _programs(data: bytes) -> Iterator[int]:
    for pattern in _BEGINS:
        yield from (match.start() for match in pattern.finditer(data, 1))
    for match in _WINDOWS.finditer(data):
        start = data.rfind(b"MZ", max(1, match.start() - HEAD_BYTES), match.start())
        if start >= 0 and kind_of(data[start : start + HEAD_BYTES]):
            yield start
