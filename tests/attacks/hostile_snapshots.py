"""Makes snapshots that somebody hostile hands over, by name: each with what is wrong in it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from mlsec.core.content_paths import content_folder
from mlsec.snapshot.folder import import_folder
from mlsec.snapshot.records import Call, CallStatus, call_id
from mlsec.snapshot.seal import seal_of

DEMO = content_folder("fixtures") / "demo"
TIMES = ("started_at", "took_ms", "attempts")
COLUMNS = (
    "id", "scope", "region", "service", "operation", "params", "status", "reason", "error_code",
    "right", "detail", "payload",
)  # fmt: skip
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
_NAMES = ", ".join(COLUMNS)
ONE = "id = (SELECT min(id) FROM call WHERE payload != '')"
Make = Callable[[Path], None]


def sound(path: Path) -> None:
    """Make the evidence of the demo: nothing is wrong with it."""
    import_folder(DEMO, path)


def change(path: Path, *statements: str, values: Mapping[str, object] | None = None) -> None:
    """Run statements on a snapshot, with the tables themselves open to change."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            database.execute(statement, values or {})
        database.commit()


def reseal(path: Path) -> None:
    """Seal what is there now, as whoever changed it would."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM call").fetchall()  # noqa: S608
        meta = {key: _text(value) for key, value in database.execute("SELECT key, value FROM meta")}
        meta["calls"] = str(len(rows))
        times = {
            row[0]: dict(zip(TIMES, (_text(row[1]), *row[2:]), strict=True))
            for row in database.execute(f"SELECT id, {', '.join(TIMES)} FROM timing")  # noqa: S608
        }
        calls = []
        for row in rows:
            given = dict(zip(COLUMNS[1:], map(_text, row[1:]), strict=True))
            status = given.pop("status")
            call = Call(**given, **times.get(row[0], {}), status=CallStatus.DONE)
            known = {item.value: item for item in CallStatus}
            calls.append(_Sealed(call, known.get(status)))
        rows_of_clock = database.execute("SELECT key, value FROM clock")
        clock = {key: _text(value) for key, value in rows_of_clock}
        meta["seal"] = seal_of(meta, clock, calls)  # type: ignore[arg-type]
        for key in ("calls", "seal"):
            database.execute("UPDATE meta SET value = ? WHERE key = ?", (meta[key], key))
        database.commit()


class _Sealed:
    """A call whose lasting part has the status that was given."""

    def __init__(self, call: Call, status: CallStatus | None) -> None:
        self._call, self._status = call, status
        self.started_at, self.took_ms = call.started_at, call.took_ms
        self.attempts = call.attempts

    def lasting(self) -> tuple[str, ...]:
        lasting = list(self._call.lasting())
        lasting[5] = self._status.value if self._status else "?"
        return tuple(lasting)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def put_answer(path: Path, body: bytes, *, size: object = None, packed: object = None) -> None:
    """Give one call another answer, with the digest of what it is."""
    digest = hashlib.sha256(body).hexdigest()
    values = {
        "digest": digest,
        "size": len(body) if size is None else size,
        "body": zlib.compress(body) if packed is None else packed,
    }
    change(path, "INSERT OR REPLACE INTO payload VALUES (:digest, :size, :body)", values=values)
    change(path, f"UPDATE call SET payload = :digest WHERE {ONE}", values={"digest": digest})  # noqa: S608
    change(path, "DELETE FROM payload WHERE digest NOT IN (SELECT payload FROM call)")
    reseal(path)


def put_call(path: Path, **fields: str) -> None:
    """Add a call, with its id and under the seal."""
    row = dict.fromkeys(COLUMNS, "") | {"params": "{}", "status": "done"} | fields
    key = (row["scope"], row["region"], row["service"], row["operation"], row["params"])
    row["id"] = call_id(*key)
    names = ", ".join(f":{name}" for name in COLUMNS)
    change(path, f"INSERT INTO call VALUES ({names})", values=row)  # noqa: S608
    reseal(path)


def changed(*statements: str, is_sealed: bool = True) -> Make:
    def make(path: Path) -> None:
        sound(path)
        change(path, *statements)
        if is_sealed:
            reseal(path)

    return make


def instead_of(table: str, query: str) -> Make:
    """Put a view in the place of a table."""

    def make(path: Path) -> None:
        sound(path)
        change(path, f"ALTER TABLE {table} RENAME TO was", f"CREATE VIEW {table} AS {query}")

    return make


def answered(
    body: bytes | Callable[[], bytes], *, size: object = None, packed: object = None
) -> Make:
    def make(path: Path) -> None:
        sound(path)
        put_answer(path, body() if callable(body) else body, size=size, packed=packed)

    return make


def called(**fields: str) -> Make:
    def make(path: Path) -> None:
        sound(path)
        put_call(path, **fields)

    return make


def patched(at: int, raw: bytes) -> Make:
    def make(path: Path) -> None:
        sound(path)
        content = bytearray(path.read_bytes())
        content[at : at + len(raw)] = raw
        path.write_bytes(content)

    return make


def _circle(path: Path) -> None:
    """Let the pages of a table lead to its own first page: its rows never end."""
    sound(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'call'"
        [[root]] = database.execute(query).fetchall()
    content = bytearray(path.read_bytes())
    page = (root - 1) * 4096
    content[page + 8 : page + 12] = root.to_bytes(4, "big")
    path.write_bytes(content)


def _fan(path: Path) -> None:
    """Let every entry of an inner page lead to the same leaf."""
    sound(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        [[root]] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'call'")
    content = bytearray(path.read_bytes())
    page = (root - 1) * 4096
    cells = int.from_bytes(content[page + 3 : page + 5], "big")
    places = [page + 12 + 2 * number for number in range(cells)]
    starts = [page + int.from_bytes(content[at : at + 2], "big") for at in places]
    leaf = content[starts[0] : starts[0] + 4]
    for start in starts:
        content[start : start + 4] = leaf
    path.write_bytes(content)


def _shared_pages(path: Path) -> None:
    sound(path)
    change(
        path,
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name ="
        " 'timing') WHERE name = 'call'",
    )


def _in_utf16(path: Path) -> None:
    made = path.with_suffix(".made")
    sound(made)
    with contextlib.closing(sqlite3.connect(made)) as database:
        query = "SELECT sql FROM sqlite_master WHERE type = 'table'"
        statements = [row[0] for row in database.execute(query)]
        facts = list(database.execute("SELECT key, value FROM meta"))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA encoding = 'UTF-16le'")
        for statement in statements:
            database.execute(statement)
        database.executemany("INSERT INTO meta VALUES (?, ?)", facts)
        database.execute("PRAGMA application_id = 1835823973")
        database.execute("PRAGMA user_version = 2")
        database.commit()
    made.unlink()


def _full_of(byte: bytes) -> Make:
    """Fill the second half of each page, where the rows are."""

    def make(path: Path) -> None:
        sound(path)
        content = bytearray(path.read_bytes())
        for start in range(4096 + 2048, len(content), 4096):
            content[start : start + 64] = byte * 64
        path.write_bytes(content)

    return make


def _cut(share: float) -> Make:
    def make(path: Path) -> None:
        sound(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return make


def _many_times_one_answer(path: Path) -> None:
    sound(path)
    body = b'"' + b"a" * 60_000_000 + b'"'
    put_answer(path, body)
    digest = hashlib.sha256(body).hexdigest()
    for number in range(30):
        put_call(
            path, scope="aws/1", service="s", operation=f"o{number}", payload=digest, region="r"
        )


def _socket(path: Path) -> None:
    import socket  # noqa: PLC0415

    held = socket.socket(socket.AF_UNIX)
    held.bind(str(path))
    held.close()


DEEP = b"[" * 200_000 + b"]" * 200_000

HOSTILE: Mapping[str, Make] = {
    "a view that never ends for calls": instead_of(
        "call", f"{ENDLESS} SELECT {', '.join(['CAST(i AS TEXT)'] * 12)} FROM n"  # noqa: S608
    ),
    "a view that never ends for facts": instead_of(
        "meta", f"{ENDLESS} SELECT CAST(i AS TEXT) AS key, 'x' AS value FROM n"  # noqa: S608
    ),
    "a view beside the tables": changed(f"CREATE VIEW more AS {ENDLESS} SELECT i FROM n"),  # noqa: S608
    "a trigger": changed(
        "CREATE TRIGGER t AFTER INSERT ON call BEGIN DELETE FROM payload; END"
    ),
    "a generated column": changed(
        "ALTER TABLE call ADD COLUMN more TEXT AS (hex(zeroblob(100000000)))"
    ),
    "an index on an expression": changed("CREATE INDEX i ON call (upper(scope))"),
    "a table more": changed("CREATE TABLE more (x)"),
    "a table less": changed("DROP TABLE timing", is_sealed=False),
    "a check that takes long": changed(
        "UPDATE sqlite_master SET sql = replace(sql, 'value TEXT NOT NULL',"
        " 'value TEXT NOT NULL CHECK (length(hex(zeroblob(100000000))) > 0)') WHERE name = 'meta'"
    ),
    "a collation": changed(
        "UPDATE sqlite_master SET sql = replace(sql, 'scope TEXT', 'scope TEXT COLLATE NOCASE')"
        " WHERE name = 'call'"
    ),
    "a virtual table": changed(
        "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING"
        " fts5(x)')"
    ),
    "no statement that makes the table": changed(
        "UPDATE sqlite_master SET sql = NULL WHERE name = 'clock'", is_sealed=False
    ),
    "a statement that is none": changed(
        "UPDATE sqlite_master SET sql = 'CREATE TABLE clock (' WHERE name = 'clock'",
        is_sealed=False,
    ),
    "a page that leads to itself": _circle,
    "pages that all lead to one": _fan,
    "two tables in the same pages": _shared_pages,
    "text in UTF-16": _in_utf16,
    "pages of no size": patched(16, b"\0\0"),
    "pages of an odd size": patched(16, b"\x03\xe9"),
    "a head in write-ahead mode, of another kind": patched(68, b"abcd"),
    "a version below zero": patched(60, b"\xff\xff\xff\xff"),
    "more pages than there are": patched(28, b"\x7f\xff\xff\xff"),
    "lengths below zero": _full_of(b"\xff"),
    "lengths beyond the file": _full_of(b"\x8f"),
    "pages full of ones": patched(4096, b"\xff" * 4096 * 6),
    "an answer that unpacks to 300 MB": answered(lambda: b"[" + b"0," * 150_000_000 + b"0]"),
    "an answer that unpacks to more than it says": answered(
        lambda: b"[" + b"0," * 30_000_000 + b"0]", size=4
    ),
    "one answer of many calls": _many_times_one_answer,
    "an answer of another digest": changed("UPDATE payload SET body = x'789c2b56700100030d010a'"),
    "an answer that is not packed": answered(b"{}", packed=b"{}"),
    "an answer with something behind it": answered(b"{}", packed=zlib.compress(b"{}") + b"more"),
    "an answer without an end": answered(b"{}" * 999, packed=zlib.compress(b"{}" * 999)[:-4]),
    "an answer of a negative size": answered(b"{}", size=-1),
    "an answer of a huge size": answered(b"{}", size=2**62),
    "an answer whose size is text": answered(b"{}", size="much"),
    "an answer whose size is a blob": answered(b"{}", size=b"2"),
    "an answer that is text": answered(b"{}", packed="{}"),
    "an answer that is a number": answered(b"{}", packed=7),
    "an answer that is missing": changed("DELETE FROM payload"),
    "an answer that belongs to no call": changed("INSERT INTO payload VALUES ('ab', 1, x'00')"),
    "an answer nested too deep": answered(DEEP),
    "an answer that is no JSON": answered(b"{]"),
    "an answer that is not UTF-8": answered(b'{"a": "\xff\xfe"}'),
    **{
        f"a blob for {name}": changed(f"UPDATE call SET {name} = x'00ff' WHERE {ONE}")  # noqa: S608
        for name in COLUMNS
    },
    **{
        f"text that is not UTF-8 for {name}": changed(
            f"UPDATE call SET {name} = CAST(x'c328' AS TEXT) WHERE {ONE}"  # noqa: S608
        )
        for name in COLUMNS
    },
    "a blob for a fact": changed("UPDATE meta SET value = x'00' WHERE key = 'targets'"),
    "a blob for a time": changed("UPDATE clock SET value = x'00'"),
    "text for a duration": changed("UPDATE timing SET took_ms = 'long'"),
    "a broken duration": changed("UPDATE timing SET took_ms = 0.5"),
    "times of calls that are not there": changed(
        "INSERT INTO timing VALUES ('zz', '', 1, 1)", is_sealed=False
    ),
    "a call twice": changed(
        f"INSERT INTO call SELECT id || 'x', {_NAMES.partition(', ')[2]} FROM call WHERE {ONE}"  # noqa: S608
    ),
    "a call under the id of another": changed(f"UPDATE call SET id = 'zz' WHERE {ONE}"),  # noqa: S608
    "an end that is not known": changed(f"UPDATE call SET status = 'fine' WHERE {ONE}"),  # noqa: S608
    "a reason that is not known": changed(f"UPDATE call SET reason = 'tired' WHERE {ONE}"),  # noqa: S608
    "a call that was not answered, for no reason": changed(
        f"UPDATE call SET status = 'gap' WHERE {ONE}"  # noqa: S608
    ),
    "parameters that are no JSON": called(scope="aws/1", service="s", operation="o", params="{"),
    "parameters that are a list": called(scope="code/x", service="code", operation="Read",
                                         params="[1]"),
    "parameters nested too deep": called(scope="aws/1", service="s", operation="o",
                                         params='{"a":' + DEEP.decode() + "}"),
    "a provider that is not known": called(scope="evil/1", service="s", operation="o"),
    "a place without a name": called(scope="", service="s", operation="o"),
    "targets that are no list": changed("UPDATE meta SET value = '7' WHERE key = 'targets'"),
    "targets that are no JSON": changed("UPDATE meta SET value = '[' WHERE key = 'targets'"),
    "places that are a list": changed("UPDATE meta SET value = '[1]' WHERE key = 'aws.places'"),
    "places nested too deep": changed(
        "UPDATE meta SET value = printf('%.*c', 100000, '[') WHERE key = 'aws.places'"
    ),
    "settings that are a number": changed("UPDATE meta SET value = '7' WHERE key = 'aws.settings'"),
    "a provider that is a path": changed(
        "UPDATE meta SET key = substr(key, 5) WHERE key LIKE 'aws.%'",
        "INSERT INTO meta VALUES ('provider', '../..')",
    ),
    "a file of code without parameters": called(scope="code/x", service="code", operation="Read"),
    "a file of code that was never kept": called(
        scope="code/x", service="code", operation="Read", params='{"file":"../../etc/passwd"}',
        status="done", payload="0" * 64,
    ),
    "a listing without an answer": called(scope="files/x", service="files", operation="List"),
    "a seal of another": changed(f"UPDATE call SET detail = 'x' WHERE {ONE}", is_sealed=False),  # noqa: S608
    "a call that was taken away": changed(f"DELETE FROM call WHERE {ONE}", is_sealed=False),  # noqa: S608
    "a fact that was changed": changed(
        "UPDATE meta SET value = 'root' WHERE key = 'aws.principal'", is_sealed=False
    ),
    "no seal": changed("DELETE FROM meta WHERE key = 'seal'", is_sealed=False),
    **{f"cut to {share:.0%}": _cut(share) for share in (0, 0.0001, 0.02, 0.5, 0.9, 0.999)},
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
}  # fmt: skip
