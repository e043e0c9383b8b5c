"""The floor: units taken from a table with SKIP LOCKED and marked as done, no more: URL."""

from __future__ import annotations

import resource
import sys

import msgspec
import psycopg

TABLE = (
    "CREATE TABLE floor (id BIGINT PRIMARY KEY, state TEXT NOT NULL);"
    "CREATE INDEX floor_waits ON floor (id) WHERE state = 'waiting'"
)
_TAKE = (
    "UPDATE floor SET state = 'running' WHERE id = (SELECT id FROM floor WHERE state = 'waiting'"
    " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)


def main(url: str) -> None:
    """Take units until all are taken, then say what that cost."""
    with psycopg.connect(url, autocommit=True) as connection:
        while row := connection.execute(_TAKE).fetchone():
            connection.execute("UPDATE floor SET state = 'done' WHERE id = %s", row)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.buffer.write(msgspec.json.encode({"cpu_s": usage.ru_utime + usage.ru_stime}))


if __name__ == "__main__":
    main(sys.argv[1])
