"""Says in words how a reading process ended."""

from __future__ import annotations

import signal

_REASONS = {
    "SIGSYS": "it asked the system for what no reader does, as an exploit would",
    "SIGXCPU": "it took more CPU time than is allowed",
    "SIGKILL": "from outside, often for want of memory",
    "SIGSEGV": "it crashed",
    "SIGBUS": "it crashed",
    "SIGABRT": "it crashed",
    "SIGXFSZ": "it wrote to a file",
}


def how_it_ended(code: int) -> tuple[str, bool]:
    """Give what became of a process with this exit code, and whether its time had run out."""
    if code >= 0:
        return f"ended with code {code}", False
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"ended by signal {-code}", False
    reason = _REASONS.get(name)
    return f"ended by signal {-code} ({name}{f': {reason}' if reason else ''})", name == "SIGXCPU"
