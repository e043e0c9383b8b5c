"""Recognises a Git LFS pointer: a small text in place of a file that is kept elsewhere."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex

_POINTER = regex(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\d-\w+ [^\n]*\n)*"
    rb"oid sha256:(?P<digest>[0-9a-f]{64})\nsize (?P<size>\d{1,19})\n?\Z"
)


def sniff_pointer(head: bytes, window: Window) -> bool:
    """Whether the whole file is a pointer."""
    return window.size_bytes <= 1024 and bool(_POINTER.match(head))


def read_pointer(window: Window, record: Recorder) -> None:
    """Say that the file itself was not seen."""
    match = _POINTER.match(window.read(0, 1024))
    record.understood(0, window.size_bytes)
    if match is not None:
        record.property("pointer_sha256", match.group("digest").decode("ascii"))
        size = int(match.group("size"))
        detail = "only a pointer to the file is here: fetch it with git lfs pull"
        record.gap(GapReason.UNRESOLVED, detail, size_bytes=size)
