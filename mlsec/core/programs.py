"""Finds the programs that we start, and refuses those that somebody else may have put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import is_foreign
from mlsec.core.sanitize import visible

USUAL_PATH = "/usr/bin:/bin"
_OTHERS_WRITE = stat.S_IWOTH
# Folders that were on PATH, for a message that says why a program there was not taken.
_taken_out: list[str] = []


def find_program(name: str, hint: str) -> str:
    """Find a program on PATH, and give its absolute path.

    Raises:
        MlsecError: it is not there, or only in places that are refused; says how to install it.
    """
    refused = ""
    for folder in (*_listed(), *_taken_out):
        path = Path(folder) / name
        if not os.access(path, os.X_OK) or not path.is_file():
            continue
        refused = refusal_of(path)
        if not refused:
            return str(path)
    if refused:
        raise MlsecError(f"the {name} on PATH {refused}, so it is not run", hint=hint)
    raise MlsecError(f"{name} was not found on PATH", hint=hint)


def refusal_of(path: Path) -> str:
    """Say why a program is not run, "" where nothing speaks against it."""
    if not path.is_absolute():
        return "is in the current folder"
    if is_foreign(path):
        return "is in the scanned folder"
    for file in {path, Path(os.path.realpath(path))}:
        open_place = _open_place(file)
        if open_place:
            return f"is in a place that everybody may write to ({visible(open_place, 200)})"
    return ""


def safe_path() -> str:
    """Give PATH without the current folder, what is scanned, and what everybody may write to."""
    folders = [item for item in _listed() if not refusal_of(Path(item) / "x")]
    return os.pathsep.join(folders) or USUAL_PATH


def use_safe_path() -> None:
    """Let nothing that this process starts, the SDKs of clouds included, search other folders."""
    listed = _listed()
    os.environ["PATH"] = safe_path()
    _taken_out.extend(item for item in listed if item not in _listed())


def minimal_environment() -> dict[str, str]:
    """Give what a program needs to run, and nothing that steers it."""
    home = os.environ.get("HOME", "")
    return {"PATH": safe_path(), "LC_ALL": "C.UTF-8", **({"HOME": home} if home else {})}


def _listed() -> list[str]:
    # A PATH that is not set is the system's usual one; an empty one means the current folder.
    return os.environ.get("PATH", USUAL_PATH).split(os.pathsep)


def _open_place(file: Path) -> str:
    """Give the file, its folder or one above it whose content everybody may exchange, or ""."""
    for place in (file, *file.parents):
        try:
            mode = place.stat().st_mode
        except OSError:
            continue
        # In a folder such as /tmp others may add a program, but not exchange a folder of ours.
        is_kept = bool(mode & stat.S_ISVTX) and place not in (file, file.parent)
        if mode & _OTHERS_WRITE and not is_kept:
            return str(place)
    return ""
