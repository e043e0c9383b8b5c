"""The evidence of one collection in one SQLite file: written call by call, sealed at the end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_file
from mlsec.snapshot import database, payloads
from mlsec.snapshot.file_names import BESIDE, make_room, part_of
from mlsec.snapshot.foreign_database import Guard
from mlsec.snapshot.records import Call, call_of_row
from mlsec.snapshot.seal import seal_of
from mlsec.snapshot.sealed_rows import SealedRows
from mlsec.snapshot.writer import Clean, Writer, as_it_is, cleaned

_CALL_COLUMNS = (
    "scope, region, service, operation, params, status, reason, error_code, right, detail, payload"
)


class Snapshot:
    """Calls and payloads, by id; safe to use from many threads.

    While it is being collected it lives in ``NAME.mlsnap.part`` (WAL), where a recorded call is
    committed before ``record`` comes back: a killed process repeats only the calls in flight.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, guard: Guard | None, *, is_writable: bool
    ) -> None:
        self.path = path
        self.is_writable = is_writable
        self._connection, self._guard = connection, guard
        self._sealed: SealedRows | None = None
        self._lock = threading.Lock()
        self._is_closed, self._writer = False, Writer(self.record_all)
        self._packer = payloads.Packer()
        self.clean: Clean = as_it_is

    @classmethod
    def create(cls, path: Path) -> Self:
        """Start a new collection that will end in ``path``.

        Raises:
            MlsecError: an interrupted collection or a folder lies there, or it cannot be written.
        """
        make_room(path)
        part = database.create(part_of(path), is_working=True)
        return cls(part, path, None, is_writable=True)

    @classmethod
    def resume(cls, path: Path) -> Snapshot:
        """Go on with the collection for ``path``: its part file, or a finished one with gaps."""
        part = part_of(path)
        refuse_foreign_file(part)
        if part.exists():
            connection, guard = database.open_working(part)
            return cls(connection, path, guard, is_writable=True)
        if not path.exists():
            raise MlsecError(f"nothing to resume at {part}", hint="run it without --resume")
        snapshot = cls.create(path)
        with cls.open(path) as finished:
            for key, value in finished.meta().items():
                if key not in ("seal", "calls"):
                    snapshot.set_meta(key, value)
            for key, value in finished.clock().items():
                snapshot.set_clock(key, value)
            snapshot.record_all(
                (call, finished.payload_bytes(call.payload) if call.payload else None)
                for call in finished.calls()
            )
        return snapshot

    @classmethod
    def open(cls, path: Path) -> Snapshot:
        """Open a finished snapshot for reading; its rows are those that were sealed.

        Raises:
            MlsecError: not a snapshot, unfinished, cut short, of another version, or changed.
        """
        connection, guard = database.open_finished(path)
        snapshot = cls(connection, path, guard, is_writable=False)
        try:
            with database.clear_errors(path):
                snapshot._sealed = SealedRows(connection, guard, path)
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    def record(self, call: Call, body: bytes | None, *, is_clean: bool = False) -> None:
        """Store how a call ended, with its answer's canonical JSON; replaces an earlier end.

        Raises:
            MlsecError: the disk is full; what was recorded before is kept.
        """
        self._writer.put(cleaned(self.clean, (call, body), is_clean=is_clean))

    def record_all(self, ends: Iterable[tuple[Call, bytes | None]]) -> None:
        """Store several ends of calls in one transaction, at once."""
        rows = [self._packer.pack(call, body) for call, body in ends]
        with self._lock:
            if self._is_closed:
                return
            with database.clear_errors(self.path):
                try:
                    for call, body, packed in rows:
                        self._insert(call, body, packed)
                    self._connection.commit()
                except sqlite3.Error:
                    self._connection.rollback()
                    raise

    def _insert(self, call: Call, body: bytes | None, packed: bytes) -> None:
        execute = self._connection.execute
        if body is not None:
            execute(
                "INSERT OR IGNORE INTO payload VALUES (?, ?, ?)", (call.payload, len(body), packed)
            )
        execute(
            "INSERT OR REPLACE INTO call VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (call.id, *call.lasting()),
        )
        execute(
            "INSERT OR REPLACE INTO timing VALUES (?, ?, ?, ?)",
            (call.id, call.started_at, call.took_ms, call.attempts),
        )

    def find(self, call_id: str) -> Call | None:
        """Give the call with this id (without its times), or None when it was not made."""
        if self._sealed is not None:
            return self._sealed.find(call_id)
        rows = self._query(f"SELECT {_CALL_COLUMNS} FROM call WHERE id = ?", (call_id,))  # noqa: S608
        return call_of_row(rows[0]) if rows else None

    def find_all(self, scope: str, region: str, service: str, operation: str) -> list[Call]:
        """Give the calls of one operation in one place, whatever their parameters."""
        if self._sealed is not None:
            return self._sealed.find_all((scope, region, service, operation))
        rows = self._query(
            f"SELECT {_CALL_COLUMNS} FROM call WHERE scope = ? AND region = ? AND service = ?"  # noqa: S608
            " AND operation = ? ORDER BY params",
            (scope, region, service, operation),
        )
        return [call_of_row(row) for row in rows]

    def calls(self) -> Iterator[Call]:
        """Give every call with its times, sorted by scope, region, service, operation, params."""
        if self._sealed is not None:
            yield from self._sealed.calls
            return
        query = (
            f"SELECT {_CALL_COLUMNS}, started_at, took_ms, attempts FROM call"  # noqa: S608
            " LEFT JOIN timing USING (id) ORDER BY scope, region, service, operation, params"
        )
        for row in self._query(query):
            yield call_of_row(row)

    def forget_calls(self) -> None:
        """Let go of the calls of a finished snapshot; who asks again has them read again."""
        if self._sealed is not None:
            self._sealed.forget_calls()

    def payload_bytes(self, digest: str) -> bytes:
        """Give the canonical JSON with this digest.

        Raises:
            MlsecError: it is missing or damaged.
        """
        rows = self._query("SELECT size, body FROM payload WHERE digest = ?", (digest,))
        if len(rows) != 1:
            raise MlsecError(f"payload {digest[:12]} is missing", location=str(self.path))
        return payloads.unpack(rows[0], digest, str(self.path))

    def check_payloads(self) -> None:
        """Check that every answer is there and is the one that was collected.

        Raises:
            MlsecError: one is missing, damaged or another.
        """
        sizes = dict(self._query("SELECT digest, size FROM payload"))
        payloads.check_sizes(sizes, self.calls(), self.path.stat().st_size, str(self.path))
        for digest in sorted(sizes):
            self.payload_bytes(digest)

    def payload(self, digest: str) -> Any:
        """Give the answer with this digest, parsed."""
        return payloads.parse(self.payload_bytes(digest), digest, str(self.path))

    def meta(self) -> dict[str, str]:
        """Give the facts about the collection that do not differ between runs."""
        return self._pairs("meta") if self._sealed is None else dict(self._sealed.meta)

    def set_meta(self, key: str, value: str) -> None:
        """Store one lasting fact (targets, scopes, settings ...)."""
        self._put("meta", key, value)

    def clock(self) -> dict[str, str]:
        """Give the facts that differ between runs: when it began and ended."""
        return self._pairs("clock") if self._sealed is None else dict(self._sealed.clock)

    def set_clock(self, key: str, value: str) -> None:
        """Store one fact that differs between runs."""
        self._put("clock", key, value)

    def seal(self) -> str:
        """Give the digest over all rows."""
        if self._sealed is not None:
            return self._sealed.meta["seal"]  # checked when it was opened
        return seal_of(self.meta(), self.clock(), self.calls())

    def finish(self) -> None:
        """Write the canonical, sealed file beside the part file, move it in place, drop the part.

        Raises:
            MlsecError: it cannot be written; the part file stays.
        """
        meta = self.meta()
        meta.pop("salt", None)  # its reader could try short secrets against their hashes
        calls = list(self.calls())
        meta["calls"] = str(len(calls))
        clock = self.clock()
        meta["seal"] = seal_of(meta, clock, calls)
        draft = self.path.with_name(self.path.name + ".draft")
        draft.unlink(missing_ok=True)
        with database.clear_errors(self.path):
            target = database.create(draft, is_working=False)
            try:
                database.fill(target, meta, clock, calls, self.payload_row)
            except BaseException:
                draft.unlink(missing_ok=True)  # on a full disk, what it took is wanted
                raise
            finally:
                target.close()
            draft.replace(self.path)
        self.discard()

    def discard(self) -> None:
        """Close and delete the working file."""
        self.close()
        for leftover in ("", *BESIDE):
            Path(f"{part_of(self.path)}{leftover}").unlink(missing_ok=True)

    def payload_row(self, digest: str) -> tuple[str, int, bytes]:
        """Give digest, size and compressed bytes as stored."""
        rows = self._query("SELECT size, body FROM payload WHERE digest = ?", (digest,))
        if not rows:
            raise MlsecError(f"payload {digest[:12]} is missing", location=str(self.path))
        return (digest, *rows[0])

    def close(self) -> None:
        """Write what waits and let go of the file; calls recorded after this are dropped."""
        self._writer.close()
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close; a collection that never got an answer leaves no working file behind."""
        self._writer.close()
        if (
            self.is_writable
            and not self._is_closed
            and not self._query("SELECT 1 FROM call LIMIT 1")
        ):
            self.discard()
        self.close()

    def _pairs(self, table: str) -> dict[str, str]:
        return dict(self._query(f"SELECT key, value FROM {table} ORDER BY key"))  # noqa: S608

    def _put(self, table: str, key: str, value: str) -> None:
        with self._lock, database.clear_errors(self.path):
            self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, value))  # noqa: S608
            self._connection.commit()

    def _query(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock, database.clear_errors(self.path):
            if self._guard is not None:
                return self._guard.rows(query, values)
            return self._connection.execute(query, values).fetchall()
