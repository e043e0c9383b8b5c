"""Checked rules kept by content digest, so that an unchanged folder loads at once."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec import __version__
from mlsec.engine.rule import RuleSet

FORMAT = 1
KEPT_FILES = 8
_DIGEST_BYTES = 32
_PACKAGE = Path(__file__).resolve().parent.parent


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
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        Path(name).replace(folder / f"rules-{key}.bin")
        _prune(folder)
    except OSError:
        return


def _prune(folder: Path) -> None:
    found = sorted(folder.glob("rules-*.bin"), key=lambda path: path.stat().st_mtime_ns)
    for path in found[:-KEPT_FILES]:
        path.unlink(missing_ok=True)
