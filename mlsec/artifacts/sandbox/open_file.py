"""Opens a file for reading, whatever stands in its place by now."""

from __future__ import annotations

import os
import stat

from mlsec.artifacts.bytes.window import FileSource

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class NotRegularError(OSError):
    """It is a folder, a pipe, a socket or a device."""


def open_file(path: str) -> FileSource:
    """Open a regular file; no link is followed as its last part, and no pipe waited for.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it is gone, or refused.
    """
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return FileSource(descriptor)
    os.close(descriptor)
    raise NotRegularError("is not a regular file")
