"""A history in PostgreSQL under what a nightly database meets: crashes, two writers, upgrades."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psycopg
import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding, Subject
from mlsec.history.database import check_history, has_begun, open_database
from mlsec.history.place import DatabaseUrl, Place
from mlsec.history.postgres import MIGRATIONS, connect, migrate, version_of
from mlsec.history.queries import states
from mlsec.history.store import History
from tests.history.test_marks import failure, scan
from tests.postgres import Server

HOSTILE = {
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800\udfffb",
    "the sign that escapes": "a\u241bb\u241b\u2400\u241bd800",
    "SQL": "'; DROP TABLE finding; --\\'",
    "what COPY reads": "\\N\t\\.\n\r\\x",
    "placeholders": "? %s %(a)s {0} $1",
    "huge": "n" * 3_000_000,
    "beyond the first plane": "\U0001f600\U0010ffff\u202e",
}


@pytest.fixture
def url(database_url: str) -> DatabaseUrl:
    return DatabaseUrl(database_url)


def named(text: str) -> Finding:
    finding = failure(text)
    subject = msgspec.structs.replace(
        finding.resource, scope=text, name=text, owner=text, file=text, region=text
    )
    return msgspec.structs.replace(finding, message=text, resource=subject)


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_name_comes_back_as_it_was_and_is_known_again(kind: str, place: Place) -> None:
    text = HOSTILE[kind]
    with History(place, is_new_allowed=True) as history:
        history.record(scan(1, named(text), failure("plain"), passed=(f"{text}!",)))
        second = history.record(scan(2, named(text), failure(f"{text}!")))
        assert second is not None
        assert second.changes == {"no_longer_seen": 1, "regressed": 1, "unchanged": 1}
        found = {state.finding.resource.id: state.finding for state in history.open_failures()}
        assert found[text] == named(text)
        again = history.marked(scan(2, named(text), failure(f"{text}!")))
        assert again.changes is not None
        assert again.changes.regressed == 1


def test_two_that_record_at_once_record_one_after_the_other(place: Place) -> None:
    assessments = [scan(day, failure("x"), failure(f"y{day}")) for day in (1, 1, 2, 2, 3, 3)]
    with History(place, is_new_allowed=True):
        pass

    def record(assessment: Assessment) -> str:
        with History(place, is_new_allowed=True) as history:
            try:
                return "recorded" if history.record(assessment) else "there already"
            except MlsecError as error:
                return error.hint

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(record, assessments))
    in_order = "record scans in the order in which their evidence was taken"
    assert {*said} <= {"recorded", "there already", in_order}
    with History(place) as history:
        assert len(history.scans()) == said.count("recorded")
        names = [state.finding.resource.id for state in history.open_failures()]
        assert len(names) == len(set(names))
        assert history.scans()[-1].finished_at == "2026-11-03T08:00:00Z"


def test_two_that_begin_one_history_begin_it_once(url: DatabaseUrl) -> None:
    def begin(number: int) -> None:
        with History(url, is_new_allowed=True) as history:
            history.record(scan(1 + number % 2, failure("x")))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(begin, number) for number in range(4)]:
            with contextlib.suppress(MlsecError):
                done.result()
    with connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM mlsec.version").fetchone() == (1,)


def test_a_server_that_is_killed_while_a_scan_is_stored_has_all_of_it_or_nothing(
    postgres: Server, url: DatabaseUrl
) -> None:
    before = scan(1, *(failure(f"{n}") for n in range(2_000)))
    after = scan(2, *(named(f"{n}") for n in range(1_000, 12_000)))
    with History(url, is_new_allowed=True) as history:
        history.record(before)
    for wait_s in (0.0, 0.05, 0.2, 0.4):
        with contextlib.suppress(MlsecError), History(url, is_new_allowed=True) as history:
            killing = threading.Timer(wait_s, postgres.kill)
            killing.start()
            try:
                history.record(after)
            finally:
                killing.join()
        if postgres.is_down:
            postgres.start()
        with History(url) as history:
            assert len(history.scans()) in (1, 2)
            is_stored = len(history.scans()) == 2
            assert len(history.open_failures()) == (11_000 if is_stored else 2_000)
    with History(url, is_new_allowed=True) as history:
        history.record(after)
        assert [past.changes for past in history.scans()] == [
            {"new": 2_000}, {"new": 10_000, "no_longer_seen": 1_000, "unchanged": 1_000},
        ]  # fmt: skip


def test_readers_read_while_the_tables_are_renewed(url: DatabaseUrl) -> None:
    with History(url, is_new_allowed=True) as history:
        history.record(scan(1, failure("x")))
    later = (*MIGRATIONS, (99, "ALTER TABLE mlsec.scan ADD COLUMN more BIGINT NOT NULL DEFAULT 7"))
    is_over = threading.Event()
    seen: set[int | str] = set()

    def read() -> None:
        while not is_over.is_set():
            try:
                with History(url, is_snapshot=True) as history:
                    first = history.read(lambda rows: len(states(rows)))
                    time.sleep(0.01)
                    assert history.read(lambda rows: len(states(rows))) == first
                    seen.add(first)
            except MlsecError as error:
                seen.add(error.hint)

    with ThreadPoolExecutor(3) as pool:
        reading = [pool.submit(read) for _ in range(3)]
        time.sleep(0.3)
        with connect(url) as connection:
            migrate(connection, url, later)
            assert version_of(connection) == 99
        time.sleep(0.3)
        is_over.set()
        for one in reading:
            one.result()
    assert seen == {1, "update mlsec"}
    with pytest.raises(MlsecError, match="version 99"):
        History(url, is_new_allowed=True)


def test_tables_that_could_not_be_renewed_are_as_they_were(url: DatabaseUrl) -> None:
    with History(url, is_new_allowed=True) as history:
        history.record(scan(1, failure("x")))
    broken = (*MIGRATIONS, (99, "DROP TABLE mlsec.past; ALTER TABLE mlsec.nosuch ADD x BIGINT"))
    with connect(url) as connection:
        with pytest.raises(psycopg.Error):
            migrate(connection, url, broken)
        assert version_of(connection) == MIGRATIONS[-1][0]
    with History(url) as history:
        assert len(history.open_failures()) == 1
        assert history.read(lambda rows: rows("SELECT * FROM past")) == []


@pytest.fixture
def reader(postgres: Server, url: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A user with the rights that the page gives a reader."""
    with History(url, is_new_allowed=True) as history:
        history.record(scan(1, failure("x")))
    name = url.url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reads'")
        for schema in ("mlsec", "mlsec_v1"):
            connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO reader".encode())
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader".encode())
        yield DatabaseUrl(postgres.url(name, "reader:reads"))
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")


def test_a_reader_reads_and_is_refused_before_a_scan(reader: DatabaseUrl) -> None:
    with History(reader, is_snapshot=True) as history:
        assert len(history.open_failures()) == 1
        assert len(history.trends()) == 1
    with pytest.raises(MlsecError, match="may not write"):
        check_history(reader)
    with pytest.raises(MlsecError), History(reader, is_new_allowed=True) as history:
        history.record(scan(2, failure("x")))


def test_a_dashboard_needs_the_views_alone(postgres: Server, reader: DatabaseUrl) -> None:
    name = reader.url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        connection.execute("REVOKE ALL ON SCHEMA mlsec FROM reader")
        connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA mlsec FROM reader")
    with postgres.connect(name, user="reader", password="reads") as connection:
        query = "SELECT count(*) FROM mlsec_v1.open_findings"
        assert connection.execute(query).fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM mlsec.finding")


def test_what_a_check_finds_sound_is_left_without_a_trace(url: DatabaseUrl) -> None:
    check_history(url)
    assert not has_begun(url)


VIEWS = {
    "scans": "scan, targets, is_last, tool, passed, failed, not_assessed",
    "counts": "scan, is_last, provider, account, severity, severity_rank, concern, failing,"
    " not_assessed, open, waived, new, regressed, fixed, no_longer_seen, rule_gone",
    "open_findings": "fingerprint, targets, provider, account, severity, severity_rank, concern,"
    " category, rule, message, resource, type, region, name, file, line, owner, is_assessed",
}


def test_the_views_say_the_same_in_both(tmp_path_factory: pytest.TempPathFactory,
                                        url: DatabaseUrl) -> None:  # fmt: skip
    file = tmp_path_factory.mktemp("views") / "h.db"
    for place in (file, url):
        with History(place, is_new_allowed=True) as history:
            history.record(scan(1, failure("x"), failure("y"), failure("z")))
            history.record(scan(2, failure("x"), failure("new"), passed=("y",)))
    for view, columns in VIEWS.items():
        said = []
        for place, mark in ((file, "_"), (url, ".")):
            with contextlib.closing(open_database(place)) as database:
                if place is file:
                    database._file.set_authorizer(None)  # type: ignore[attr-defined]
                query = f"SELECT {columns} FROM mlsec_v1{mark}{view}"  # noqa: S608
                said.append(
                    sorted(tuple(map(str, map(_plain, row))) for row in database.rows(query))
                )
        assert said[0] == said[1]
        assert said[0]
    with connect(url) as connection:
        rows = connection.execute(
            "SELECT name, extract(epoch FROM first_seen)::bigint FROM mlsec_v1.open_findings"
        ).fetchall()
        assert len(rows) == 2


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def test_a_subject_that_moves_to_another_account_moves_its_counts(place: Place) -> None:
    moved = msgspec.structs.replace(
        failure("x"),
        resource=Subject(id="x", type="aws.x", provider="aws", scope="aws/2", region="r"),
    )
    with History(place, is_new_allowed=True) as history:
        history.record(scan(1, failure("x")))
        history.record(scan(2, moved))
        [trend] = history.trends()
        assert {line.name: line.open for line in trend.lines["account"]} == {
            "aws/1": (1, 0), "aws/2": (0, 1),
        }  # fmt: skip
        [state] = history.open_failures()
        assert state.finding.resource.scope == "aws/2"
