"""Regular expressions that others wrote, in RE2's syntax: their time grows with the text alone.

Python's own engine may need time that doubles with each character, and cannot be stopped.
"""

from __future__ import annotations

import functools
from typing import Any

# Of one pattern, its automaton included.
_MAX_BYTES = 1 << 20


class PatternTooLargeError(ValueError):
    """A pattern whose automaton takes more memory than one may."""


@functools.lru_cache(maxsize=256)
def linear_regex(pattern: str) -> Any:
    """Compile a pattern; what is given has the methods of one of ``re``, and ``programsize``.

    ``$`` is the end of the text, also before a last line break. A text with surrogates has to be
    given as bytes.

    Raises:
        PatternTooLargeError: it is a very large one.
        ValueError: it is no pattern of RE2 (which has no look-around and no backreferences).
    """
    import re2  # noqa: PLC0415 - only needed where such a pattern is met

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        what = error.args[0].decode("utf-8", "replace")
        kind = PatternTooLargeError if "too large" in what else ValueError
        raise kind(what) from None
