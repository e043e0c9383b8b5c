"""Checked rules kept by content digest, so that an unchanged folder loads at once.

They are kept in the user's cache folder. A wheel and an image bring a file of their own
(ship.py), which is used only where the content and the code are those it was made of.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlsec import __version__
from mlsec.core.cache_folder import cache_folder
from mlsec.core.named_file import read_named_file
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.rule_cache_format import below, packed, unpacked

FORMAT = 6
KEPT_FILES = 8
# A file that was changed this lately may be changed again within one tick of its clock.
SETTLED_S = 2.0
_KEY = re.compile("[0-9a-f]{64}")
_PACKAGE = Path(__file__).resolve().parents[2]
# The code that decides what a rule file comes to.
_ROOMS = ("engine", "vocabulary", "core")
SHIPPED = _PACKAGE / "content" / "checked-rules.bin"


def state_key(folders: Sequence[Path], now_s: float | None = None) -> str | None:
    """Digest the state of every YAML file below the folders, as git does: none of them is read.

    A file's time of change cannot be set back, so a state that was seen before has the content of
    before. None where that cannot be known: a file changed just now (``now_s``), a link to a
    folder, a system whose files have no such time.
    """
    if os.name != "posix":
        return None
    rows, settled_ns = [], ((now_s or time.time()) - SETTLED_S) * 1e9
    try:
        for folder in (*map(str, folders), *(str(_PACKAGE / room) for room in _ROOMS)):
            rows.append(folder)
            for path, facts in _states(folder):
                if max(facts.st_ctime_ns, facts.st_mtime_ns) > settled_ns:
                    return None
                rows.append(
                    f"{path}\0{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"
                    f" {facts.st_ino} {facts.st_dev}"
                )
    except (OSError, _UnsureError):
        return None
    rows.append(f"{FORMAT} {__version__} {sys.version_info[:2]}")
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


class _UnsureError(Exception):
    """The state of a folder does not say what it holds."""


def _states(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Give what can decide of a folder: its YAML, and of our own code the Python files."""
    if os.path.isfile(folder):  # noqa: PTH113 - a Path for each of a thousand files takes long
        yield folder, os.stat(folder)  # noqa: PTH116
        return
    with os.scandir(folder) as listed:
        result = sorted(listed, key=lambda entry: entry.name)
    for entry in result:
        if entry.is_dir():
            if entry.is_symlink():
                raise _UnsureError
            yield from _states(entry.path)
        elif entry.name.endswith((".yaml", ".py")):
            yield entry.path, entry.stat()


def content_key(content: Path, files: Sequence[Path]) -> str:
    """Digest names and contents of the files, and what reads them: a change of either is a miss.

    Names are those below ``content`` and the package, so that it is the same wherever they lie.

    Raises:
        OSError: a file cannot be read.
    """
    code = sorted(path for room in _ROOMS for path in (_PACKAGE / room).rglob("*.py"))
    digest = hashlib.sha256(f"{FORMAT} {__version__}\n".encode())
    for base, paths in ((_PACKAGE, code), (content, files)):
        start = f"{base}{os.sep}"
        for path in map(str, paths):
            data = read_named_file(path)
            name = below(path, start)
            digest.update(f"{name}\0{len(data)}\n".encode("utf-8", "surrogateescape"))
            digest.update(data)
    return digest.hexdigest()


def recall_state(state: str | None, content: Path) -> RuleSet | None:
    """Give what was kept for a state of the folders; None when nothing was."""
    folder = cache_folder()
    if state is None or folder is None:
        return None
    try:
        key = (folder / f"state-{state}.key").read_text("ascii")
    except (OSError, ValueError):
        return None
    return recall(key, content) if _KEY.fullmatch(key) else None


def keep_state(state: str | None, key: str) -> None:
    """Remember under which key the content of this state is kept."""
    folder = cache_folder()
    if state is not None and folder is not None:
        _write(folder, f"state-{state}.key", key.encode("ascii"))


def recall(key: str, content: Path) -> RuleSet | None:
    """Give what was kept or shipped under a key; None when nothing was, or it is not whole."""
    if os.environ.get("MLSEC_NO_CACHE"):
        return None
    result, folder = recall_shipped(key, content), cache_folder()
    if result is not None or folder is None:
        return result
    path = folder / _name(key)
    try:
        if path.stat().st_uid != os.getuid():
            return None
        return unpacked(path.read_bytes(), content)
    except OSError:
        return None


def keep(key: str, ruleset: RuleSet, content: Path) -> None:
    """Keep a rule set under a key; a cache that cannot be written is no error."""
    folder = cache_folder()
    if folder is not None:
        _write(folder, _name(key), packed(ruleset, content))


def recall_shipped(key: str, content: Path, file: Path = SHIPPED) -> RuleSet | None:
    """Give what came with the installation, if it was made under this very key.

    It is as trusted as the code beside it, and still only data.
    """
    wanted = bytes.fromhex(key)
    try:
        with file.open("rb") as opened:
            if opened.read(len(wanted)) != wanted:
                return None
            return unpacked(opened.read(), content)
    except OSError:
        return None


def shipped_form(key: str, ruleset: RuleSet, content: Path) -> bytes:
    """Give the bytes of the file that comes with an installation."""
    return bytes.fromhex(key) + packed(ruleset, content)


def _name(key: str) -> str:
    """Another Python may find a mistake where this one finds none: it looks for itself."""
    return f"rules-{sys.version_info[0]}.{sys.version_info[1]}-{key}.bin"


def _write(folder: Path, name: str, content: bytes) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(written).replace(folder / name)
        for kept in ("rules-*.bin", "state-*.key"):
            _prune(folder, kept)
    except OSError:
        return


def _prune(folder: Path, kept: str) -> None:
    result = sorted(folder.glob(kept), key=lambda path: path.stat().st_mtime_ns)
    for path in result[:-KEPT_FILES]:
        path.unlink(missing_ok=True)
