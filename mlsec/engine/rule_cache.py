"""Checked rules kept by content digest, so that an unchanged folder loads at once."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from mlsec import __version__
from mlsec.engine.rule import RuleSet

FORMAT = 2
KEPT_FILES = 8
# A file that was changed this lately may be changed again within one tick of its clock.
SETTLED_S = 2.0
_DIGEST_BYTES = 32
_KEY = re.compile("[0-9a-f]{64}")
_PACKAGE = Path(__file__).resolve().parent.parent


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
        for folder in (*map(str, folders), str(_PACKAGE / "engine"), str(_PACKAGE / "core")):
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
        found = sorted(listed, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir():
            if entry.is_symlink():
                raise _UnsureError
            yield from _states(entry.path)
        elif entry.name.endswith((".yaml", ".py")):
            yield entry.path, entry.stat()


def content_key(files: Sequence[Path]) -> str:
    """Digest names and contents of the files, and what reads them: a change of either is a miss.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(f"{FORMAT} {__version__} {sys.version_info[:2]}".encode())
    for code in sorted((*(_PACKAGE / "engine").glob("*.py"), *(_PACKAGE / "core").glob("*.py"))):
        facts = code.stat()
        digest.update(f"{code.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    for path in files:
        data = path.read_bytes()
        digest.update(f"{path} {len(data)}\n".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.hexdigest()


def cache_folder() -> Path | None:
    """The user's cache folder for mlsec; None when caching is switched off or there is no home."""
    if os.environ.get("MLSEC_NO_CACHE"):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if Path(base).is_absolute():
        return Path(base) / "mlsec"
    try:
        return Path.home() / ".cache" / "mlsec"
    except RuntimeError:
        return None


def recall_state(state: str | None) -> RuleSet | None:
    """Give what was kept for a state of the folders; None when nothing was."""
    folder = cache_folder()
    if state is None or folder is None:
        return None
    try:
        key = (folder / f"state-{state}.key").read_text("ascii")
    except (OSError, ValueError):
        return None
    return recall(key) if _KEY.fullmatch(key) else None


def keep_state(state: str | None, key: str) -> None:
    """Remember under which key the content of this state is kept."""
    folder = cache_folder()
    if state is not None and folder is not None:
        _write(folder, f"state-{state}.key", key.encode("ascii"))


def recall(key: str) -> RuleSet | None:
    """Give what was kept under a key; None when nothing was, or it is not ours or not whole."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"rules-{key}.bin"
    try:
        if path.stat().st_uid != os.getuid():
            return None
        data = path.read_bytes()
    except OSError:
        return None
    digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    try:
        return msgspec.msgpack.decode(payload, type=RuleSet)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return None


def keep(key: str, ruleset: RuleSet) -> None:
    """Keep a rule set under a key; a cache that cannot be written is no error."""
    folder = cache_folder()
    if folder is None:
        return
    payload = msgspec.msgpack.encode(ruleset)
    _write(folder, f"rules-{key}.bin", hashlib.sha256(payload).digest() + payload)


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
    found = sorted(folder.glob(kept), key=lambda path: path.stat().st_mtime_ns)
    for path in found[:-KEPT_FILES]:
        path.unlink(missing_ok=True)
