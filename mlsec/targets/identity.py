"""What distinguishes a scanned folder from another that has the same name, such as ``.``."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mlsec.core.foreign import repository_root
from mlsec.core.regex import regex
from mlsec.core.sanitize import plain_name

# Where a CI system checked out a repository, and what says which one: runners do it elsewhere each
# time. A commit decides neither; of what it does decide, such as a first commit, nothing is used.
_CI = (
    ("GITHUB_WORKSPACE", ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")),
    ("CI_PROJECT_DIR", ("CI_PROJECT_URL",)),
    ("BUILD_SOURCESDIRECTORY", ("BUILD_REPOSITORY_URI",)),
    ("BITBUCKET_CLONE_DIR", ("BITBUCKET_GIT_HTTP_ORIGIN",)),
    ("WORKSPACE", ("GIT_URL",)),
)
_SECTION = regex(r"\s*\[\s*([A-Za-z0-9.-]+)(?:\s+\"((?:[^\"\\]|\\.)*)\")?\s*\]", re.A)
_URL = regex(r"\s*url\s*=\s*(.*?)\s*", re.A | re.I)
# What parts the name of a repository from its owner, its host or a folder.
_LAST = regex(r"[/\\:+]")
_MAX_BYTES = 1 << 20
_MAX_CHARS = 300


def identity_of(target: Path) -> str:
    """Name the repository and the place in it, or where on this machine a folder lies.

    A clone that lies in the workspace of a CI job beside the job's own repository is named by both.
    """
    real = Path(os.path.realpath(target))
    root = repository_root(real)
    remote = _remote(root) if root is not None else ""
    for variable, names in _CI:
        values = [os.environ.get(name, "") for name in names]
        place = os.environ.get(variable, "")
        if not place or not all(values):
            continue
        workspace = Path(os.path.realpath(place))
        if real.is_relative_to(workspace):
            inside = real.relative_to(workspace).as_posix()
            within = "" if inside == "." else f"#{inside}"
            other = f" {remote}" if remote and root != workspace else ""
            return _shown(_without_secrets("/".join(values)) + within + other)
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    return _shown(f"{remote or 'folder'}@{digest}")


def repository_name(target: Path) -> str:
    """Give the name of the repository whose root a folder is; "" for another folder.

    That is the last part of where it was cloned from, of what CI says of its own, or of the folder.
    """
    real = Path(os.path.realpath(target))
    if repository_root(real) != real:
        return ""
    names = (_named_by_ci(variable, keys, real) for variable, keys in _CI)
    name = _remote(real) or next(filter(None, names), "") or real.name
    return _shown(_LAST.split(name.rstrip("/"))[-1])


def _named_by_ci(variable: str, keys: tuple[str, ...], workspace: Path) -> str:
    place = os.environ.get(variable, "")
    is_there = place and Path(os.path.realpath(place)) == workspace
    return os.environ.get(keys[-1], "").removesuffix(".git") if is_there else ""


def _remote(root: Path) -> str:
    """Give the address that a clone came from, by its settings; git is not asked."""
    try:
        with (git_folder(root) / "config").open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    section = ("", "")
    for line in text.splitlines():
        head = _SECTION.match(line)
        if head is not None:
            section, line = (head[1].lower(), head[2] or ""), line[head.end() :]  # noqa: PLW2901
        value = _URL.fullmatch(line)
        if section == ("remote", "origin") and value is not None:
            return _without_secrets(value[1].strip('"')).removesuffix(".git")
    return ""


def git_folder(root: Path) -> Path:
    """Give where a clone's settings lie; those of a work tree or submodule lie elsewhere."""
    place = root / ".git"
    if place.is_dir():
        return place
    named = _line(place).removeprefix("gitdir:").strip()
    folder = root / named
    common = folder / "commondir"
    return folder / _line(common) if common.is_file() else folder


def _line(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(4096).decode("utf-8", "surrogateescape").split("\n")[0].strip()


def _without_secrets(address: str) -> str:
    """Give an address without user, password, token and query."""
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return "remote"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _shown(text: str) -> str:
    return plain_name(text)[:_MAX_CHARS]
