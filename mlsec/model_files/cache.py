"""What was read of an object before: a model that did not change is not fetched again."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import msgspec

from mlsec import artifacts
from mlsec.artifacts.facts import Inspection
from mlsec.collect.folders.entry import Entry
from mlsec.core.cache_folder import cache_folder
from mlsec.core.content_paths import content_folder

_SCHEMA = "CREATE TABLE IF NOT EXISTS inspection (key TEXT PRIMARY KEY, body BLOB NOT NULL)"
_decoder = msgspec.json.Decoder(Inspection)


def default_cache() -> Path | None:
    """Where it lies: in the user's cache folder, if that is to be trusted."""
    folder = cache_folder()
    return None if folder is None else folder / "inspections.sqlite"


class InspectionCache:
    """Inspections by address, version and the code that made them.

    A version is the store's own (etag, generation): it changes with the content. A cache that
    cannot be read or written is as good as none: files are read as if for the first time.
    """

    def __init__(self, path: Path) -> None:
        self._readers = _readers_digest()
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
            path.chmod(0o600)
            self._connection.execute(_SCHEMA)
        except (OSError, sqlite3.Error):
            self.close()

    def find(self, entry: Entry) -> Inspection | None:
        """Give what was read of this version of an object, or None."""
        if self._connection is None or not entry.version:
            return None
        try:
            rows = self._connection.execute(
                "SELECT body FROM inspection WHERE key = ?", (self._key(entry),)
            ).fetchall()
            return _decoder.decode(rows[0][0]) if rows else None
        except (sqlite3.Error, msgspec.MsgspecError):
            return None

    def keep(self, entry: Entry, inspection: Inspection) -> None:
        """Remember what was read; not where something was in the way, which may be gone next."""
        if self._connection is None or not entry.version or inspection.gaps:
            return
        try:
            self._connection.execute(
                "INSERT OR REPLACE INTO inspection VALUES (?, ?)",
                (self._key(entry), msgspec.json.encode(inspection)),
            )
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _key(self, entry: Entry) -> str:
        facts = (self._readers, entry.id, entry.key, entry.version, str(entry.size_bytes))
        joined = "\x00".join(facts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(joined).hexdigest()


def _readers_digest() -> str:
    """Digest the readers and what they judge by: newer ones may see more in an old file."""
    digest = hashlib.sha256()
    folders = (Path(artifacts.__file__).parent, content_folder("rules") / "callables")
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".yaml", ".txt"):
                digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
                digest.update(file.read_bytes())
    return digest.hexdigest()
