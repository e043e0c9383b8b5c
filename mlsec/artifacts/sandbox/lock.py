"""Locks a reading process in for its lifetime, once it has loaded all native code it needs."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.renderer_syscalls import Renderer

# What is handed over and not yet read stays open.
OPEN_FILES = 64
# What a program is made of, beside its own file: the libraries of the system, and their index.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_LOADED_BY_ALL = ("/etc/ld.so.cache", "/sys/kernel/mm/transparent_hugepage", "/dev/null")
_RESERVED_BYTES = 8 << 30
_NOT_HERE = f"{sys.platform} has no such protection that mlsec uses"


def lock(limits: Limits) -> Confinement:
    """Give up everything but reading; says what could not be given up."""
    results = {"limits": _limit(limits)}
    if sys.platform == "linux":
        from mlsec.artifacts.sandbox import linux  # noqa: PLC0415 - its interfaces are Linux's

        results |= _privileges()
        results["landlock"] = linux.leave_files()
        results["seccomp"] = linux.keep_to_reading()
    else:
        results |= _elsewhere()
    return _confinement(results)


def lock_library(limits: Limits, load: Callable[[], object]) -> Confinement:
    """Load a library of Go and give up everything but computing, with the threads that it starts.

    While it loads it can read files, and no more than that.
    """
    results: dict[str, str] = {}
    if sys.platform == "linux":
        from mlsec.artifacts.sandbox import linux  # noqa: PLC0415 - as above

        linux.give_up_new_privileges()
        linux.keep_to_rendering(Renderer.LOADING)
        load()
        # What is mapped by now is no part of what it may take.
        results |= {"limits": _limit(limits, has_threads=True), **_privileges()}
        # Of this thread alone; the filter, which holds all of them, refuses every file as well.
        results["landlock"] = linux.leave_files()
        results["seccomp"] = linux.keep_to_rendering(Renderer.LIBRARY)
    else:
        load()
        results |= {"limits": _limit(limits, has_threads=True), **_elsewhere()}
    return _confinement(results)


def lock_program(limits: Limits, folder: str, program: str) -> Confinement:
    """Give up everything but running a program that reads files of one folder.

    Raises:
        OSError: the folder cannot be entered.
    """
    results = {"limits": _limit(limits, has_threads=True)}
    if sys.platform == "linux":
        from mlsec.artifacts.sandbox import linux  # noqa: PLC0415 - as above

        results |= _privileges()
        results["landlock"] = linux.leave_files((folder, *_LOADED_BY_ALL), (program, *_LIBRARIES))
        results["seccomp"] = linux.keep_to_rendering(Renderer.PROGRAM)
    else:
        results |= _elsewhere()
    return Confinement(
        in_force=tuple(name for name, why in results.items() if not why),
        missing={name: why for name, why in results.items() if why},
    )


def _privileges() -> dict[str, str]:
    from mlsec.artifacts.sandbox import linux  # noqa: PLC0415 - as above

    return {
        "no_new_privs": linux.give_up_new_privileges(),
        "user": linux.become_nobody(),
        "capabilities": linux.drop_capabilities(),
        "hidden": linux.hide(),
    }


def _elsewhere() -> dict[str, str]:
    names = ("no_new_privs", "capabilities", "hidden", "landlock", "seccomp")
    return dict.fromkeys(names, _NOT_HERE) | {"user": "" if os.geteuid() else "runs as root"}


def _confinement(results: dict[str, str]) -> Confinement:
    """Name what is in force; where the kernel refuses nothing, Python does."""
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


def _limit(limits: Limits, *, has_threads: bool = False) -> str:
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
    if has_threads:
        # It counts threads too, those of other processes of this user as well.
        del values["RLIMIT_NPROC"]
        # Each thread reserves addresses that it never uses; what it writes to is counted as data.
        values["RLIMIT_AS"] += _RESERVED_BYTES
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
