"""Searches in long data: RE2, which is many times faster, says first whether anything is there."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

# Below it, to load RE2 takes longer than it saves; where it is loaded, to ask it does.
LONG_BYTES, _WORTH_ASKING_BYTES = 1 << 16, 1 << 10
_MAX_BYTES = 8 << 20
_POSSESSIVE = re.compile(rb"(?<!\\)([*+?}])\+")


def search_long(pattern: re.Pattern[bytes], data: bytes) -> re.Match[bytes] | None:
    """Give what ``pattern.search(data)`` gives; the pattern has no look-around.

    Raises:
        ValueError: RE2 cannot read the pattern.
    """
    least = _WORTH_ASKING_BYTES if "re2" in sys.modules else LONG_BYTES
    if len(data) >= least and not _is_there(pattern.pattern, pattern.flags, data):
        return None
    return pattern.search(data)


def _is_there(text: bytes, flags: int, data: bytes) -> bool:
    # To RE2 a vertical tab is no blank.
    return _linear(text, flags).search(data.replace(b"\v", b" ")) is not None


@functools.cache
def _linear(text: bytes, flags: int) -> Any:
    """Compile a pattern for RE2; it may match more than the pattern does, and never less."""
    import re2  # noqa: PLC0415 - most files are short

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_BYTES
    options.encoding = re2.Options.Encoding.LATIN1
    letters = b"".join(
        letter for flag, letter in ((re.I, b"i"), (re.M, b"m"), (re.S, b"s")) if flags & flag
    )
    # RE2 has no possessive repeats; it never tries anything twice.
    plain = _POSSESSIVE.sub(rb"\1", text).replace(rb"\Z", rb"\z")
    try:
        return re2.compile(b"(?" + letters + b")" + plain if letters else plain, options)
    except re2.error as error:
        raise ValueError(f"RE2 cannot read {text!r}: {error}") from None
