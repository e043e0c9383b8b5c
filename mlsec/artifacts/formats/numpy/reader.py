"""Reads .npy files: numbers are accounted for by their shape, objects are a pickle.

Old versions of joblib kept each array in a file of its own, as raw numbers without any header.
"""

from __future__ import annotations

import math

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.program_text import note_program, program_in
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.embedded.contents import judge_beginnings
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.numpy.header import MAGIC, read_header
from mlsec.artifacts.pickle.files.loadable import is_loadable
from mlsec.artifacts.pickle.files.sniff import sniff_pickle
from mlsec.artifacts.recorder import Recorder

RAW_ENDING = ".npy.z"
TEXT_BYTES = 4 << 20


def sniff_numpy(head: bytes, _window: Window) -> bool:
    """Whether the file begins with numpy's mark."""
    return head.startswith(MAGIC)


def read_numpy(window: Window, record: Recorder) -> None:
    """Account for the arrays of a file one after the other, as ``numpy.save`` may append them.

    Raises:
        ArtifactError: a header is broken, or its data are not all there.
    """
    offset = 0
    while window.read(offset, len(MAGIC)) == MAGIC:
        record.budget.check_time()
        rest = window.part(offset, window.size_bytes - offset)
        header = read_header(rest)
        record.understood(offset, offset + header.data)
        record.property("dtype", str(header.descr)[:80])
        record.property("shape", list(header.shape[:64]))
        left = rest.size_bytes - header.data
        if header.has_objects:
            # Loading runs this pickle when allow_pickle is set; its end is the pickle's own.
            record.understood(offset + header.data, window.size_bytes)
            objects = rest.part(header.data, left)
            if (count := math.prod(header.shape)) > left:
                detail = f"{count} objects are announced, and {left} bytes are there to be them"
                record.fact(FactKind.BROKEN, "objects", detail, offset=offset + header.data)
            if not sniff_pickle(objects.read(0, 4096), objects):
                detail = "objects are announced, and what follows is not a pickle"
                record.fact(FactKind.BROKEN, "objects", detail, offset=offset + header.data)
                search(objects, record)
            record.member("(objects)", objects)
            return
        if header.item_bytes is None:
            detail = "elements of a type that numpy does not have"
            record.fact(FactKind.BROKEN, str(header.descr)[:80], detail)
            return
        data_bytes = math.prod(header.shape) * header.item_bytes
        if data_bytes > left:
            detail = f"{data_bytes - left} of the {data_bytes} bytes announced are not there"
            record.fact(FactKind.BROKEN, "truncated", detail, offset=window.size_bytes)
            data_bytes = left
        judge_beginnings(window, [(offset + header.data, data_bytes)], record)
        _judge_texts(rest.part(header.data, data_bytes), str(header.descr), record)
        offset += header.data + data_bytes
        record.understood(offset - data_bytes, offset)


def _judge_texts(data: Window, descr: str, record: Recorder) -> None:
    """Note program text in an array of texts; it stands there in four bytes a character, or one."""
    kind = descr.lstrip("<>|=")[:1]
    if kind not in {"U", "S", "a"}:
        return
    text = data.read(0, TEXT_BYTES)
    record.in_part("the texts of the array", TEXT_BYTES, data.size_bytes)
    plain = text.replace(b"\0", b"") if kind == "U" else text
    if result := program_in(plain):
        note_program(record, result, "a text of the array")


def sniff_raw_array(_head: bytes, window: Window) -> bool:
    """Whether the name is one that joblib gave to compressed arrays, and nothing loadable begins.

    Source: joblib 0.9, ``NumpyPickler.save``: ``<file>_NN.npy.z`` holds the bytes of one array,
    whose shape and type are in the pickle beside it.
    """
    return window.name.lower().endswith(RAW_ENDING) and not is_loadable(window)


def read_raw_array(window: Window, record: Recorder) -> None:
    """Account for the numbers, and search them: their shape is not in this file."""
    record.understood(0, window.size_bytes)
    search(window, record)
