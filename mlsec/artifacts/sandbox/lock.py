"""Locks a reading process in for its lifetime, once it has loaded all native code it needs."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement

# What is handed over and not yet read stays open.
OPEN_FILES = 64
_NOT_HERE = f"{sys.platform} has no such protection that mlsec uses"


def lock(limits: Limits) -> Confinement:
    """Give up everything but reading; says what could not be given up."""
    results = {"limits": _limit(limits)}
    if sys.platform == "linux":
        from mlsec.artifacts.sandbox import linux  # noqa: PLC0415 - its interfaces are Linux's

        results["no_new_privs"] = linux.give_up_new_privileges()
        results["user"] = linux.become_nobody()
        results["capabilities"] = linux.drop_capabilities()
        results["hidden"] = linux.hide()
        results["landlock"] = linux.leave_files()
        results["seccomp"] = linux.keep_to_reading()
    else:
        names = ("no_new_privs", "capabilities", "hidden", "landlock", "seccomp")
        results |= dict.fromkeys(names, _NOT_HERE)
        results["user"] = "" if os.geteuid() else "runs as root"
    if results["seccomp"]:
        from mlsec.artifacts.sandbox.audit import refuse  # noqa: PLC0415 - only without the filter

        sys.addaudithook(refuse)
        results["audit_hook"] = ""
    return Confinement(
        in_force=tuple(name for name, why in results.items() if not why),
        missing={name: why for name, why in results.items() if why},
    )


def allow_time(limits: Limits) -> None:
    """Let the system end this process when the next file takes far more CPU than its limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + 1.5 * limits.cpu_s) + 5
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(limits: Limits) -> str:
    """Set the limits on resources; "" or the one that the system refuses."""
    memory_bytes = _mapped_bytes() + limits.memory_bytes
    values = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_AS": memory_bytes,
        "RLIMIT_DATA": memory_bytes,
    }
    refused = [name for name, value in values.items() if not _cap(name, value)]
    return f"{', '.join(refused)} cannot be set" if refused else ""


def _cap(name: str, value: int) -> bool:
    kind = getattr(resource, name, None)
    if kind is None:  # not every system knows every limit
        return False
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        return False
    return True


def _mapped_bytes() -> int:
    """What is mapped already, as the limit counts it too; 0 where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()
