"""PDF documents, as they lie beside a model: walked for their end and for active content."""

# Why not pypdf: it repairs and interprets documents; here only names that act and the end of the
# file matter, also where the structure is broken on purpose.

from __future__ import annotations

import zlib
from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

WALKED_BYTES = 64 << 20
STREAM_BYTES = 4 << 20
HEAD_BYTES = 400
STREAMS = 20_000
_END = regex(rb"%%EOF[ \t]*(?:\r\n|\r|\n)?")
_STREAM = regex(rb"\bstream\r?\n")
_HEXADECIMAL = regex(rb"#([0-9A-Fa-f]{2})")
# Names that make a viewer run, start or unpack something (ISO 32000-1, 12.6 and 7.11.4).
_ACTS = regex(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|ImportData|XFA)(?![A-Za-z])")


def sniff_pdf(head: bytes, _window: Window) -> bool:
    """Whether the file begins as a PDF does."""
    return head.startswith(b"%PDF-")


def read_pdf(window: Window, record: Recorder) -> None:
    """Account for the document up to its last end mark; note its active content.

    Raises:
        ArtifactError: it has no end mark.
    """
    data = window.read(0, WALKED_BYTES)
    if window.size_bytes > WALKED_BYTES:
        record.unread(GapReason.OVER_LIMIT, f"only the first {WALKED_BYTES} bytes are looked at")
        record.understood(WALKED_BYTES, window.size_bytes)
    ends = [match.end() for match in _END.finditer(data)]
    record.understood(0, ends[-1] if ends else len(data))
    if not ends and window.size_bytes <= WALKED_BYTES:
        raise ArtifactError("the document has no end mark")
    search(window.part(0, len(data)), record)
    names = set(_names(data))
    for stream in _inflated(data, record):
        names.update(_names(stream))
    for name in sorted(names):
        detail = "stands in the document: a viewer runs, starts or unpacks something for it"
        record.fact(FactKind.EMBEDDED_CODE, f"/{name}", detail, danger=Severity.LOW)


def _names(data: bytes) -> Iterator[str]:
    plain = _HEXADECIMAL.sub(lambda match: bytes([int(match.group(1), 16)]), data)
    for match_ in _ACTS.finditer(plain):
        yield match_.group(1).decode("ascii")


def _inflated(data: bytes, record: Recorder) -> Iterator[bytes]:
    """The first part of each stream that zlib can read: names may occur in one."""
    for number, result in enumerate(_STREAM.finditer(data)):
        if number >= STREAMS:
            record.unread(GapReason.OVER_LIMIT, f"more than {STREAMS} streams")
            return
        record.budget.check_time()
        try:
            stream = zlib.decompressobj()
            part = stream.decompress(data[result.end() : result.end() + STREAM_BYTES], STREAM_BYTES)
        except zlib.error:
            continue
        record.budget.inflate(len(part))
        # Images may be of any length; active content is in streams of objects.
        before = data[max(0, result.start() - HEAD_BYTES) : result.start()]
        if not stream.eof and b"/ObjStm" in before:
            record.in_part("a stream of objects", STREAM_BYTES, STREAM_BYTES + 1)
        yield part
