"""Recognises a Git LFS pointer: a small text in place of a file that is kept elsewhere."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex

# As git-lfs itself reads one: any of its three names, line ends and blanks around are forgiven.
# Source: lfs/pointer.go of git-lfs (DecodeFrom, matcherRE).
_POINTER = regex(
    rb"\s*+version (?=[^\r\n]*(?:git-media|hawser|git-lfs))[^\r\n]*+\r?\n(?:ext-[^\r\n]*+\r?\n)*"
    rb"oid sha256:(?P<digest>[0-9a-f]{64})\r?\nsize (?P<size>\d{1,19})\s*+\Z"
)
DIGEST = "pointer_sha256"


def sniff_pointer(head: bytes, window: Window) -> bool:
    """Whether the whole file is a pointer."""
    return window.size_bytes <= 1024 and bool(_POINTER.match(head))


def read_pointer(window: Window, record: Recorder) -> None:
    """Say that the file itself was not seen."""
    match = _POINTER.match(window.read(0, 1024))
    record.understood(0, window.size_bytes)
    if match is not None:
        record.property(DIGEST, match.group("digest").decode("ascii"))
        size = int(match.group("size"))
        detail = "only a pointer to the file is here: fetch it with git lfs pull"
        record.gap(GapReason.UNRESOLVED, detail, size_bytes=size)
