"""What git may have made of a committed file in a checkout: other line ends, or a large file."""

from __future__ import annotations

from mlsec.core.regex import regex
from mlsec.repository.language import language_of, may_matter

_POINTER = regex(
    rb"version https://git-lfs[^\n]*\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)
POINTER_BYTES = 1024
TEXT_BYTES = 64 * 1024 * 1024
# What git counts as printable beside the characters from 32 on: backspace, tab, form feed, escape.
_PRINTABLE = bytes({*range(32, 256), 8, 9, 12, 27} - {127})
_LAST = b"\x1a"


def is_checked_out_with_crlf(path: str, committed: bytes, body: bytes) -> bool:
    r"""Whether a checkout of the committed text with ``eol=crlf`` gives exactly this body.

    Only for code, whose meaning does not depend on it: in other files bytes are counted, and one
    more before each line end puts another part of the file where a loader goes on reading.
    Settings and attributes of the repository are not asked what is text: it wrote them.
    """
    return (
        may_matter(path)
        and b"\r" not in committed
        and body == committed.replace(b"\n", b"\r\n")
        and is_text(committed)
        and language_of(path, committed.decode("utf-8-sig", "replace")) is not None
    )


def is_text(body: bytes) -> bool:
    """Whether git by itself, without attributes, takes bytes for text that it may convert.

    Source: gather_stats and convert_is_binary in git's convert.c.
    """
    rest = body.removesuffix(_LAST).replace(b"\r\n", b"").replace(b"\n", b"")
    if b"\r" in rest or b"\x00" in rest:
        return False
    unprintable = len(rest.translate(None, _PRINTABLE))
    return (len(rest) - unprintable) >> 7 >= unprintable


def pointed_at(committed: bytes) -> tuple[str, int] | None:
    """Give the SHA-256 and the size of the large file that a pointer of git-lfs stands for."""
    match = _POINTER.fullmatch(committed)
    return None if match is None else (match[1].decode(), int(match[2]))
