"""Where a file is put by renaming: the folder as it is, the name as it stands."""

from __future__ import annotations

import os
from pathlib import Path


def entry_path(path: str | Path) -> str:
    """Give a path with the links of its folder resolved and its last name as it stands.

    What is put there by renaming replaces a link, and leaves alone what the link leads to.
    """
    folder, name = os.path.split(path)
    return f"{os.path.realpath(folder).rstrip('/')}/{name}"
