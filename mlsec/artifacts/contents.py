"""Judges what a format only carries: texts and bytes that no loader of it looks into.

A field whose meaning is not known must not read as clean because nobody asked what it holds.
"""

from __future__ import annotations

import itertools
import re
import zlib

from mlsec.artifacts.code_blobs import find_code, note_code
from mlsec.artifacts.compressed import sniff_compressed
from mlsec.artifacts.decoders import Zlib
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.executable import kind_of
from mlsec.artifacts.metadata_text import judge_metadata
from mlsec.artifacts.pickle.start import is_loadable, may_be_loadable
from mlsec.artifacts.protobuf import BYTES, Field, Wire
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.window import Window

HEAD_BYTES = 4096
# Shorter ones are words of a vocabulary, or numbers.
SHORTEST_BYTES, SHORTEST_TEXT = 8, 12
READ_BYTES = 1 << 20
DEEP, STEPS = 12, 20_000
_CODE = b"\xe3\0\0\0\0"
_ZIP = b"PK\3\4"
# The first bytes of what holds_loadable looks at closer; most fields are told by these.
_TELLING = re.compile(
    rb"\x80[\0-\x05]|PK\x03\x04|\x7fELF|MZ|\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd"
    rb"|\xe3\0\0\0\0|[(\])}N]{0,4}[ci][A-Za-z_]|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa|\0asm"
)


def may_begin(head: bytes) -> bool:
    """Whether the first 16 bytes leave a doubt; only then more need be read."""
    return bool(_TELLING.match(head))


def holds_loadable(head: bytes, window: Window) -> bool:
    """Whether a program, an archive, compiled Python or a pickle begins here, perhaps packed."""
    if not may_begin(head):
        return False
    if head[:5] == _CODE:
        found = find_code(head)
        return found is not None and found.offset == 0
    if kind_of(head, window) or head[:4] == _ZIP or is_loadable(window):
        return True
    return sniff_compressed(head, window) and _packs_loadable(head)


def _packs_loadable(head: bytes) -> bool:
    """Whether compressed data give something that can be loaded; other codecs are read anyhow."""
    bits = {b"\x1f": 31, b"x": 15}.get(head[:1])
    if bits is None:
        return True
    try:
        data = Zlib(bits).decompress(head, HEAD_BYTES)
    except zlib.error:
        return False
    return may_be_loadable(data) or data[:5] == _CODE or data[:3] == b"\x1f\x8b\x08"


def judge_bytes(window: Window, where: str, record: Recorder, *, offset: int = -1) -> bool:
    """Read bytes as a member, if they begin like something that can be loaded; gives whether."""
    head = window.read(0, HEAD_BYTES) if window.size_bytes >= SHORTEST_BYTES else b""
    if not holds_loadable(head, window):
        return False
    code = find_code(window.read(0, READ_BYTES)) if head[:5] == _CODE else None
    if code is not None:
        note_code(record, code, where, offset=offset)
    else:
        record.member(where[:100], window)
    return True


def judge_value(data: bytes, where: str, record: Recorder, *, offset: int = -1) -> None:
    """Judge one text or run of bytes."""
    if len(data) < SHORTEST_BYTES or judge_bytes(Window.of(data), where, record, offset=offset):
        return
    if len(data) < SHORTEST_TEXT or b"\0" in data[:HEAD_BYTES]:
        return
    judge_metadata(data.decode("utf-8", "replace"), where, record, offset=offset)


def judge_field(wire: Wire, field: Field, where: str, record: Recorder) -> None:
    """Judge a field of a message whose meaning is not known, and all that may be fields in it."""
    left = [(field, 0)]
    for _ in range(STEPS):
        if not left:
            return
        one, depth = left.pop()
        size_bytes = one.end - one.start
        if size_bytes < SHORTEST_BYTES:
            continue
        if size_bytes > READ_BYTES:
            part = wire.window.part(one.start, size_bytes)
            judge_bytes(part, where, record, offset=one.start)
            continue
        inner = _inside(wire, one) if depth < DEEP else []
        if inner:
            left += [(part, depth + 1) for part in inner if part.wire == BYTES]
        else:
            judge_value(wire.raw(one), where, record, offset=one.start)


def _inside(wire: Wire, field: Field) -> list[Field]:
    """The fields of what may be a message; none where it is not."""
    head = wire.raw(field, HEAD_BYTES)
    if holds_loadable(head, wire.window.part(field.start, field.end - field.start)):
        return []
    try:
        return list(itertools.islice(wire.inside(field), STEPS))
    except ArtifactError:
        return []
