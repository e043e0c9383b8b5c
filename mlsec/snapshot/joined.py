"""A snapshot that takes over the calls of others, each checked as it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from mlsec.snapshot import database, payloads
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.store import Snapshot

_CALL = "INSERT OR REPLACE INTO call VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_TIMES = "INSERT OR REPLACE INTO timing VALUES (?, ?, ?, ?)"
_PAYLOAD = "INSERT OR IGNORE INTO payload VALUES (?, ?, ?)"


class JoinedSnapshot(Snapshot):
    """The calls of several snapshots in one; their facts are the caller's to join."""

    def take(self, shard: Snapshot, check: Callable[[Call, bytes], None]) -> int:
        """Take over all calls of a finished snapshot, or none; give how many.

        What is answered in full already is not replaced by a gap. ``check`` is given every answer
        and raises MlsecError for one that nobody could read.

        Raises:
            MlsecError: an answer is missing, damaged or another than was collected; no room.
        """
        taken = 0
        with self._lock, database.clear_errors(self.path):
            try:
                for call in shard.calls():
                    taken += self._take(call, shard, check)
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise
        return taken

    def _take(self, call: Call, shard: Snapshot, check: Callable[[Call, bytes], None]) -> int:
        execute = self._connection.execute
        if not _is_answered(call) and self._is_answered(call.id):
            return 0
        if call.payload:
            row = shard.payload_row(call.payload)
            check(call, payloads.unpack(row[1:], call.payload, str(shard.path)))
            # Room is counted for all together: each alone stays within its own proportion.
            call = self._packer.admit(call, row[1], len(row[2]))
            if call.payload:
                execute(_PAYLOAD, row)
        execute(_CALL, (call.id, *call.lasting()))
        execute(_TIMES, (call.id, call.started_at, call.took_ms, call.attempts))
        return 1

    def _is_answered(self, call_id: str) -> bool:
        query = "SELECT status, reason FROM call WHERE id = ?"
        row = self._connection.execute(query, (call_id,)).fetchone()
        return row is not None and row[0] != CallStatus.GAP.value and not row[1]

    def drop(self, call_ids: Iterable[str]) -> None:
        """Take calls out again."""
        rows = [(call_id,) for call_id in call_ids]
        with self._lock, database.clear_errors(self.path):
            try:
                self._connection.executemany("DELETE FROM call WHERE id = ?", rows)
                self._connection.executemany("DELETE FROM timing WHERE id = ?", rows)
                self._connection.commit()
            except sqlite3.Error:
                self._connection.rollback()
                raise


def _is_answered(call: Call) -> bool:
    return call.status is not CallStatus.GAP and not call.reason
