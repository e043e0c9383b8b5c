"""How the C library hands out memory: many threads that each keep their own would keep too much."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

_ARENA_MAX = -8  # M_ARENA_MAX of <malloc.h>
_ARENAS = 2


def use_few_arenas() -> bool:
    """Make glibc share its pools among the threads of a collection; give whether it took it.

    By default each thread may keep freed memory in a pool of its own, and a collection has dozens.
    Other C libraries have no such setting and need none. Source: mallopt(3).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS))
    except (AttributeError, OSError):
        return False


def give_back() -> None:
    """Return freed memory to the system, as far as the C library can (malloc_trim(3))."""
    gc.collect()
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
