"""Judges a path or address that a model file names: does it leave the model's own folder?"""

from __future__ import annotations

import re

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{1,20}):(?://|\\\\)")
# Folders of tools: what a model names there would not be looked at.
NOT_READ = frozenset({
    ".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".hypothesis", ".tox", ".nox", ".terraform",
})  # fmt: skip
_DRIVE = re.compile(r"[A-Za-z]:")


def is_remote(path: str) -> bool:
    """Whether a name is a URL or a network share."""
    return bool(_SCHEME.match(path)) or path.lstrip().startswith(("\\\\", "//"))


def leaves_folder(path: str) -> bool:
    """Whether a name can lead outside of the folder it is looked up in, on any system, or into a
    folder of tools that no scan reads.
    """
    plain = path.replace("\\", "/")
    if plain.startswith(("/", "~")) or _DRIVE.match(plain) or "\0" in plain or "%2e%2e" in plain:
        return True
    if "$" in plain and ("${" in plain or plain.startswith("$")):
        return True
    parts = plain.split("/")
    return ".." in parts or not NOT_READ.isdisjoint(parts[:-1])


def note_reference(record: Recorder, path: str, what: str, *, offset: int = -1) -> bool:
    """Note a path or URL that leaves the model; gives whether it does."""
    if is_remote(path):
        kind = FactKind.OUTSIDE_REFERENCE if "file:" in path[:12] else FactKind.REMOTE_REFERENCE
        record.fact(kind, path, f"{what} is fetched from an address", offset=offset)
        return True
    if leaves_folder(path):
        detail = f"{what} lies outside of the model's folder"
        record.fact(FactKind.OUTSIDE_REFERENCE, path, detail, offset=offset)
        return True
    return False
