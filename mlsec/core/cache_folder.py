"""The user's folder for what need not be computed again, if only the user can have written it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mlsec.core.foreign import is_foreign

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path | None:
    """Give the folder; None when caching is switched off, or others may have put something there.

    A cache is believed: it says what was found in a file, and what the rules are. So it is not
    read from what is scanned, nor from a folder of another user or one that others may write to.
    """
    if os.environ.get("MLSEC_NO_CACHE"):
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    try:
        # Source: the XDG base directory specification; a path that is not absolute is ignored.
        folder = (base if base.is_absolute() else Path.home() / ".cache") / "mlsec"
    except RuntimeError:
        return None
    if not folder.is_absolute() or is_foreign(folder):
        return None
    try:
        status = folder.stat()
    except FileNotFoundError:
        return folder
    except OSError:
        return None
    is_own = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
    return folder if is_own else None
