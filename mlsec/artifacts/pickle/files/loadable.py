"""Tells raw numbers from what only pretends to be some, by how they begin."""

from __future__ import annotations

import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.executable import kind_of
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.files.sniff import ACTS, ENOUGH, Trial
from mlsec.artifacts.pickle.vm.opcodes import PROTO, STOP

# What the first 16 bytes must look like before more is read: PROTO and an opcode, or, as before
# protocol 2, an import right at the start. Numbers look like the first once in 40,000 times.
HEAD_BYTES = 16
_MAY_BE = re.compile(
    rb"\x80[\0-\x05][(012N\])}aesutldbRo.QKhqMJjrGILFSVpgPciUCTXB\x80-\x98]"
    rb"|[(\])}N0-2]{0,4}[ci][A-Za-z_](?:[\w.]{1,14}\Z|[\w.]{0,12}\r?\n[\w.\n]*)",
    re.DOTALL,
)
_ZIP = b"PK\x03\x04"
PARSED_BYTES = 64 << 10
# A stream of text protocols in a text; one that fits the stack for so many opcodes is no chance.
OLD_BYTES, OLD_OPCODES = 1 << 20, 20_000
# These import too, by a number that the loading program gave to a name.
_EXTENSIONS = frozenset(b"\x82\x83\x84")


def may_be_loadable(head: bytes) -> bool:
    """Whether the first 16 bytes leave a doubt; only then more need be read."""
    head = head[:HEAD_BYTES]
    return bool(kind_of(head)) or head[:2] == b"MZ" or head[:4] == _ZIP or bool(_MAY_BE.match(head))


def is_loadable(window: Window) -> bool:
    """Whether a program, a zip or a pickle begins here, rather than numbers."""
    head = window.read(0, HEAD_BYTES)
    if not may_be_loadable(head):
        return False
    data = window.read(0, PARSED_BYTES)
    return bool(kind_of(data, window)) or head[:4] == _ZIP or _is_pickle(data, window.size_bytes)


def is_old_pickle(data: bytes) -> bool:
    """Whether all of this is one stream without PROTO that imports something, to its STOP."""
    data = data.rstrip(b"\r\n \0")
    if data[-1:] != b"." or len(data) > OLD_BYTES:
        return False
    trial, position = Trial(data, is_whole=True), 0
    for _ in range(OLD_OPCODES):
        if position >= len(data) - 1:
            break
        try:
            position = trial.step(data[position], position)
        except (ArtifactError, IndexError):
            return False
    else:
        return True
    is_ended = position == len(data) - 1 and trial.depth > 0 and not trial.marks
    return is_ended and trial.imports > 0


def _is_pickle(data: bytes, size_bytes: int) -> bool:
    """Whether the first opcodes fit the stack, up to a call, or so many that it is no chance.

    A stream that ends before, and imports nothing, is as harmless as the numbers would be.
    """
    has_protocol = data[0] == PROTO
    trial, position = Trial(data, len(data) == size_bytes), 0
    for _ in range(ENOUGH):
        if position >= len(data):
            # Inside a long literal: believed as long as the file holds it.
            return has_protocol and position < size_bytes
        code = data[position]
        if code == STOP:
            return trial.imports > 0 or data[position + 1 : position + 2] == b"\x80"
        try:
            position = trial.step(code, position)
        except (ArtifactError, IndexError):
            return trial.is_known_danger
        trial.imports += has_protocol and code in _EXTENSIONS
        if trial.has_frame or (trial.imports and code in ACTS):
            return True
    return has_protocol or trial.imports > 0
