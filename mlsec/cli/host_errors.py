"""What a machine that lacks something says, as one sentence: files, memory, processes, room."""

from __future__ import annotations

import errno
import os

from mlsec.core.errors import MlsecError

_MEMORY = (
    "there is not enough memory",
    "raise the limit (ulimit -v, the container's memory) or scan less at once",
)
_FILES = ("too many files are open", "raise the limit: ulimit -n 1024")
_PROCESSES = (
    "no more processes or threads can be started",
    "raise the limits of processes and memory (ulimit -u, ulimit -v, the container's)",
)
_ROOM = ("there is no room left", "make room, or choose another folder")
_SENTENCES = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: _PROCESSES,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: ("the file would be larger than allowed", "raise the limit: ulimit -f unlimited"),
    errno.EROFS: ("the file system is read-only", "choose a folder that can be written"),
    errno.EIO: ("the device does not answer", "check the disk (dmesg)"),
}
# The loader of programs knows errors only as texts. Source: dlopen(3), glibc's elf/dl-load.c.
_OF_THE_LOADER = (
    ("Too many open files", _FILES),
    ("failed to map segment", _MEMORY),
    ("Cannot allocate memory", _MEMORY),
    ("cannot create shared object descriptor", _MEMORY),
)


def sentence_of(error: BaseException) -> MlsecError | None:
    """Say what a machine lacks where that ended a command; None where the error means more."""
    match error:
        case MemoryError():
            return _sentence(*_MEMORY)
        case SystemError() if "without exception set" in str(error):
            # CPython's own C code, where an allocation failed and nobody said so.
            return _sentence(*_MEMORY)
        case RuntimeError() if "can't start new thread" in str(error):
            return _sentence(*_PROCESSES)
        case ImportError():
            sentences = [said for text, said in _OF_THE_LOADER if text in str(error)]
            return _sentence(*sentences[0]) if sentences else None
        case OSError():
            return _of_system(error)
        case _:
            return None


def _of_system(error: OSError) -> MlsecError | None:
    place = str(error.filename or "")
    if error.errno in _SENTENCES:
        # Which file it was says nothing where any other would have met the same.
        about_all = error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
        return _sentence(*_SENTENCES[error.errno], place="" if about_all else place)
    if place:
        reason = error.strerror or str(error)
        return _sentence(reason, "check the path and its rights", place=place)
    if "No usable temporary directory" in str(error):
        return _sentence(
            "no folder for temporary files can be written",
            "make /tmp writable, or name a folder that is: TMPDIR=/var/tmp",
        )
    return None if _has_working_folder() else _sentence(
        "the working folder no longer exists", "change to a folder that does, and run it again"
    )  # fmt: skip


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - only whether there is one
    except OSError:
        return False
    return True


def _sentence(message: str, hint: str, place: str = "") -> MlsecError:
    return MlsecError(message, hint=hint, location=place)
