"""Which commit a scanned repository has checked out, by its files: git is not started."""

from __future__ import annotations

import os
from pathlib import Path

from mlsec.core.foreign import repository_root
from mlsec.core.regex import regex
from mlsec.targets.identity import git_folder

_COMMIT = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = regex(r"ref: (refs/[A-Za-z0-9._/+@-]{1,200})")
_MAX_BYTES = 1 << 24


def commit_of(target: Path) -> str:
    """Give the commit that HEAD names, in hex; "" where there is none or it cannot be read."""
    root = repository_root(Path(os.path.realpath(target)))
    if root is None:
        return ""
    try:
        return _head(root / ".git", git_folder(root))
    except OSError:
        return ""


def _head(own: Path, common: Path) -> str:
    """Follow HEAD of this work tree into the references that all work trees share."""
    if own.is_file():
        own = own.parent / _read(own).removeprefix("gitdir:").strip()
    head = _read(own / "HEAD").strip()
    named = _REFERENCE.fullmatch(head)
    if named is None or ".." in named[1]:
        return head if _COMMIT.fullmatch(head) else ""
    loose = common / named[1]
    text = _read(loose).strip() if loose.is_file() else _packed(common, named[1])
    return text if _COMMIT.fullmatch(text) else ""


def _packed(common: Path, name: str) -> str:
    packed = common / "packed-refs"
    lines = _read(packed).splitlines() if packed.is_file() else []
    return next((line.split(" ")[0] for line in lines if line.endswith(f" {name}")), "")


def _read(file: Path) -> str:
    if not file.is_file():  # a pipe would wait for ever
        return ""
    with file.open("rb") as opened:
        return opened.read(_MAX_BYTES).decode("utf-8", "replace")
