"""A snapshot keeps what was answered, gives the same bytes twice and refuses what is damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.core.errors import MlsecError
from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.file_names import part_of
from mlsec.snapshot.folder import export_folder, import_folder
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import content_digest, digest_of
from mlsec.snapshot.store import Snapshot


def _answer(name: str, document: object) -> tuple[Call, bytes]:
    body = canonical(document)
    call = Call(
        scope="aws/111122223333", region="eu-west-1", service="sagemaker",
        operation="DescribeModel", params=f'{{"ModelName":"{name}"}}', payload=digest_of(body),
        started_at="2026-01-01T00:00:00Z", took_ms=7, attempts=1,
    )  # fmt: skip
    return call, body


def _gap(name: str) -> Call:
    return Call(
        scope="aws/111122223333", region="eu-west-1", service="sagemaker",
        operation="DescribeModel", params=f'{{"ModelName":"{name}"}}', status=CallStatus.GAP,
        reason="denied", error_code="AccessDenied", right="sagemaker:DescribeModel",
    )  # fmt: skip


def _finished(path: Path, *, is_reversed: bool = False) -> Path:
    ends: list[tuple[Call, bytes | None]] = [
        _answer("a", {"z": 1, "a": [1, 2]}), _answer("b", {"k": "v" * 5000}), (_gap("c"), None),
    ]  # fmt: skip
    with Snapshot.create(path) as snapshot:
        snapshot.set_meta("targets", '["aws"]')
        snapshot.set_clock("started_at", "2026-01-01T00:00:00Z")
        for call, body in reversed(ends) if is_reversed else ends:
            snapshot.record(call, body)
        snapshot.finish()
    return path


def test_the_order_of_answers_does_not_show_in_the_bytes(tmp_path: Path) -> None:
    one = _finished(tmp_path / "1.mlsnap")
    two = _finished(tmp_path / "2.mlsnap", is_reversed=True)
    assert one.read_bytes() == two.read_bytes()


def test_finished_file_is_for_its_owner_only_and_leaves_no_part(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["a.mlsnap"]


def test_interrupted_collection_keeps_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "a.mlsnap"
    call, body = _answer("a", {"x": 1})
    begun = Snapshot.create(path)
    begun.record(call, body)
    assert begun.find(call.id) is not None
    with Snapshot.resume(path) as resumed:
        found = resumed.find(call.id)
        assert found is not None
        assert resumed.payload(found.payload) == {"x": 1}
    begun.close()


def test_second_collection_does_not_overwrite_an_interrupted_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mlsnap"
    with Snapshot.create(path) as begun:
        begun.record(*_answer("a", {}))
    with pytest.raises(MlsecError, match=r"interrupted.*--resume"):
        Snapshot.create(path)


def test_collection_without_any_answer_leaves_nothing_behind(tmp_path: Path) -> None:
    with Snapshot.create(tmp_path / "a.mlsnap"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_finished_snapshot_with_gaps_can_be_resumed(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    before = path.read_bytes()
    with Snapshot.resume(path) as again:
        again.finish()
    assert path.read_bytes() == before


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="nothing to resume"):
        Snapshot.resume(tmp_path / "a.mlsnap")


def test_cut_file_is_refused(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(MlsecError, match="cut short"):
        Snapshot.open(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\0" + b"\0" * 30])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mlsnap"
    path.write_bytes(content)
    with pytest.raises(MlsecError):
        Snapshot.open(path)


def test_foreign_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mlsnap"
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(MlsecError, match="not an mlsec snapshot"):
        Snapshot.open(path)


@pytest.mark.parametrize(("version", "hint"), [(1, "no released mlsec"), (99, "update mlsec")])
def test_another_version_is_refused(tmp_path: Path, version: int, hint: str) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    _change(path, f"PRAGMA user_version = {version}")
    with pytest.raises(MlsecError, match=f"of version {version}; this mlsec reads") as caught:
        Snapshot.open(path)
    assert hint in caught.value.hint


def test_missing_row_is_refused(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    _change(path, "DELETE FROM call WHERE params LIKE '%\"a\"%'")
    with pytest.raises(MlsecError, match="should hold 3 calls and holds 2"):
        Snapshot.open(path)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE call SET reason = 'timeout' WHERE reason = 'denied'",
        "UPDATE meta SET value = '[]' WHERE key = 'targets'",
        "UPDATE clock SET value = '2025-07-01T00:00:00Z' WHERE key = 'started_at'",
        "INSERT INTO clock VALUES ('host', 'another')",
        "UPDATE timing SET took_ms = 1",
        "UPDATE timing SET started_at = '2025-07-01T00:00:00Z'",
        "DELETE FROM timing",
        "UPDATE payload SET body = x'789c2b56700100030d010a'",
        "DELETE FROM payload",
    ],
)
def test_tampering_breaks_the_seal(tmp_path: Path, tampering: str) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    with open_evidence(path):
        pass
    _change(path, tampering)
    with pytest.raises(MlsecError), open_evidence(path):
        pass


def test_a_seal_that_covers_no_times_does_not_hold(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    with open_evidence(path) as snapshot:
        without = content_digest(snapshot.meta(), snapshot.calls())
    _change(path, f"UPDATE meta SET value = '{without}' WHERE key = 'seal'")  # noqa: S608
    with pytest.raises(MlsecError, match="the seal does not hold"), open_evidence(path):
        pass


def test_full_disk_is_said_and_what_was_collected_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.mlsnap"
    first, body = _answer("a", {"x": 1})
    snapshot = Snapshot.create(path)
    snapshot.record(first, body)
    assert snapshot.find(first.id)
    snapshot._connection.execute("PRAGMA max_page_count = 20")
    noise = {str(n): digest_of(str(n).encode()) for n in range(5000)}
    with pytest.raises(MlsecError, match=r"disk is full.*--resume"):
        snapshot.record(*_answer("b", noise))
    snapshot.close()
    with Snapshot.resume(path) as kept:
        assert [call.id for call in kept.calls()] == [first.id]


def test_unwritable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MlsecError, match="cannot be written"):
        Snapshot.create(tmp_path / "file" / "a.mlsnap")


def test_folder_and_back_gives_the_same_bytes(tmp_path: Path) -> None:
    path = _finished(tmp_path / "a.mlsnap")
    with Snapshot.open(path) as snapshot:
        export_folder(snapshot, tmp_path / "twin")
    import_folder(tmp_path / "twin", tmp_path / "b.mlsnap")
    assert (tmp_path / "b.mlsnap").read_bytes() == path.read_bytes()


def test_line_that_is_no_call_is_refused_with_its_place(tmp_path: Path) -> None:
    with Snapshot.open(_finished(tmp_path / "a.mlsnap")) as snapshot:
        export_folder(snapshot, tmp_path / "twin")
    calls = tmp_path / "twin" / "calls.jsonl"
    calls.write_bytes(calls.read_bytes() + b'{"scope": 1}\n')
    with pytest.raises(MlsecError, match=r"calls\.jsonl:4"):
        import_folder(tmp_path / "twin", tmp_path / "b.mlsnap")
    assert not part_of(tmp_path / "b.mlsnap").exists()


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=st.dictionaries(st.text(max_size=8), _json, max_size=5))
def test_any_answer_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    call, body = _answer("a", document)
    with Snapshot.create(folder / "a.mlsnap") as snapshot:
        snapshot.record(call, body)
        snapshot.finish()
    with Snapshot.open(folder / "a.mlsnap") as snapshot:
        assert snapshot.payload(call.payload) == document


def _change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_calls_that_were_let_go_of_are_read_again(tmp_path: Path) -> None:
    with Snapshot.open(_finished(tmp_path / "s.mlsnap")) as snapshot:
        before = tuple(snapshot.calls())
        snapshot.forget_calls()
        after = tuple(snapshot.calls())
        assert after == before
        assert after[0] is not before[0]
        assert snapshot.find(before[0].id) == before[0]
