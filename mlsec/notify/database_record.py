"""A ledger in the database of the history, held by one process at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mlsec.history.place import DatabaseUrl
from mlsec.history.postgres import SENDER_LOCK, PostgresHistory, clear_errors, open_postgres
from mlsec.notify.record import Entry

_ADD = "INSERT INTO notified VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
_SENT = "UPDATE notified SET is_sent = 1 WHERE receiver = ? AND key = ?"


class DatabaseRecord:
    """The tables ``receiver`` and ``notified``. Whoever holds them keeps its connection."""

    def __init__(self, url: DatabaseUrl) -> None:
        self._url = url
        self._history: PostgresHistory | None = None

    def open(self) -> Iterator[Entry]:
        """Wait for whoever sends now, and give what was sent.

        Raises:
            MlsecError: the database cannot be used.
        """
        self._history = history = open_postgres(self._url, is_new_allowed=True)
        with clear_errors(self._url):
            # What was sent must be known after a crash of the server too.
            history.change("SET synchronous_commit = on")
            history.change("SELECT pg_advisory_lock(?)", SENDER_LOCK)
        for receiver, since in history.rows("SELECT id, since FROM receiver"):
            yield Entry(receiver=receiver, since=since)
        sent: dict[tuple[str, int], list[str]] = defaultdict(list)
        for receiver, key, is_sent in history.rows("SELECT receiver, key, is_sent FROM notified"):
            sent[receiver, is_sent].append(key)
        for (receiver, is_sent), keys in sent.items():
            yield Entry(receiver=receiver, sending=tuple(keys), sent=tuple(keys) if is_sent else ())

    def add(self, entry: Entry) -> None:
        """Add an entry, whole and for good.

        Raises:
            MlsecError: the connection was lost.
        """
        history = self._history
        assert history is not None, "it was not opened"  # noqa: S101
        with clear_errors(self._url), history.connection.transaction():
            if entry.since:
                history.change(
                    "INSERT INTO receiver VALUES (?, ?) ON CONFLICT DO NOTHING",
                    entry.receiver, entry.since,
                )  # fmt: skip
            history.change_many(_ADD, [(entry.receiver, key) for key in entry.sending])
            history.change_many(_SENT, [(entry.receiver, key) for key in entry.sent])

    def close(self) -> None:
        """End the connection, and with it the lock."""
        if self._history is not None:
            self._history.close()
            self._history = None
