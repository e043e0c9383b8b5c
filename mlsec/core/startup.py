"""Makes a process of ours start sooner: msgspec without what it would load and never use."""

from __future__ import annotations

import gc
import sys
from typing import Any

_UNUSED = "typing_extensions"


def load_msgspec() -> None:
    """Load msgspec as if typing_extensions were not installed, where nothing has loaded it yet.

    msgspec takes from it what ``typing`` has as well since Python 3.11; it loads inspect, ast and
    tokenize, which is a tenth of the start of a scan, and of the process that reads a file.
    """
    if _UNUSED in sys.modules or "msgspec" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules[_UNUSED] = None  # an import of it fails at once
    try:
        import msgspec  # noqa: F401, PLC0415 - that it is loaded here is the point
    finally:
        del modules[_UNUSED]


def look_for_cycles_rarely() -> None:
    """Let Python look for unreachable cycles less often: a scan keeps nearly all that it makes.

    With the usual settings the search goes through the same hundred thousands of objects dozens of
    times and finds next to nothing; loading modules alone starts it forty times.
    """
    gc.set_threshold(50_000, 20, 50)
