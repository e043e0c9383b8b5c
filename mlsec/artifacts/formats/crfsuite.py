"""Reads models of CRFsuite: tables of numbers, and the texts of labels and attributes."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder

# Source: crf1d_model.c of CRFsuite 0.12: a header, and five tables at the places that it names.
MARK, KIND, HEADER_BYTES, PLACES = b"lCRF", b"FOMC", 48, 28
_TABLES = (b"FEAT", b"CQDB", b"CQDB", b"LFRF", b"AFRF")


def sniff_crfsuite(head: bytes, _window: Window) -> bool:
    """Whether a file starts as CRFsuite's models do."""
    return head.startswith(MARK) and head[8:12] == KIND


def read_crfsuite(window: Window, record: Recorder) -> None:
    """Check the header and where its tables begin; what the tables hold is searched.

    Raises:
        ArtifactError: a header that does not fit the file.
    """
    head = window.exactly(0, HEADER_BYTES)
    size_bytes = int.from_bytes(head[4:8], "little")
    if not HEADER_BYTES <= size_bytes <= window.size_bytes:
        raise ArtifactError(f"says that it has {size_bytes} bytes, and has {window.size_bytes}")
    for number, mark in enumerate(_TABLES):
        at = int.from_bytes(head[PLACES + 4 * number :][:4], "little")
        if at > size_bytes - len(mark) or window.exactly(at, len(mark)) != mark:
            raise ArtifactError(f"no table {mark.decode()} at {at}")
    record.property("producer", "crfsuite")
    record.understood(0, size_bytes)
    search_inside(window, record, "a CRFsuite model")
