"""The reading processes: limits hold, a crash costs one answer, far bytes are passed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from mlsec.artifacts.bytes.window import MemorySource, Source, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox import child as sandbox_child
from mlsec.artifacts.sandbox.audit import FORBIDDEN, ForbiddenError, refuse
from mlsec.artifacts.sandbox.jobs import FarJob, Job, LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders import BENIGN, HOSTILE
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, GOOD_PICKLE
from tests.artifacts.builders.zips import archive, torch_entries


def local(path: Path) -> LocalJob:
    return LocalJob(id=path.name, path=str(path), name=path.name)


def answers(jobs: Sequence[Job], limits: Limits | None = None) -> dict[str, Inspection]:
    return {job.id: found for job, found in inspect_many(jobs, limits, workers=2)}


def test_every_file_is_answered_once(tmp_path: Path) -> None:
    jobs = []
    for number in range(60):
        path = tmp_path / f"{number}.pkl"
        path.write_bytes(EVIL_PICKLE_2 if number % 2 else GOOD_PICKLE)
        jobs.append(local(path))
    done = []
    found = {
        job.id: result
        for job, result in inspect_many(
            jobs, workers=2, progress=lambda count, _job: done.append(count)
        )
    }
    assert set(found) == {job.id for job in jobs}
    assert done == list(range(1, 61))
    assert all(
        (FactKind.DENIED_CALL in {fact.kind for fact in result.facts})
        == bool(int(name.partition(".")[0]) % 2)
        for name, result in found.items()
    )


def test_what_is_no_regular_file_or_cannot_be_opened_is_a_gap(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    names = ("pipe", "link", "loop", "folder", "missing")
    found = answers([local(tmp_path / name) for name in names])
    assert {name: [gap.reason for gap in found[name].gaps] for name in names} == {
        "pipe": [GapReason.UNSUPPORTED],
        "link": [GapReason.UNRESOLVED],
        "loop": [GapReason.UNRESOLVED],
        "folder": [GapReason.UNSUPPORTED],
        "missing": [GapReason.UNRESOLVED],
    }


def test_a_name_that_is_no_text_can_be_read(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.pkl"
    Path(os.fsdecode(path)).write_bytes(EVIL_PICKLE_2)
    job = LocalJob(id="x", path=os.fsdecode(path), name="x")
    assert answers([job])["x"].formats == (Format.PICKLE,)


class Asked:
    """A far source that counts, and does something at the first read."""

    def __init__(self, data: bytes, on_read: object = None) -> None:
        self.data = data
        self.size_bytes = len(data)
        self.bytes_read = 0
        self.soon: list[tuple[int, int]] = []
        self.on_read = on_read

    def read_at(self, offset: int, length: int) -> bytes:
        if callable(self.on_read):
            self.on_read()
        found = self.data[offset : offset + length]
        self.bytes_read += len(found)
        return found

    def prefetch(self, spans: Sequence[tuple[int, int]]) -> None:
        self.soon.extend(spans)


def far(name: str, source: Source) -> FarJob:
    @contextmanager
    def opened() -> Iterator[Source]:
        yield source

    return FarJob(id=name, open=opened, name=name)


def test_far_bytes_are_read_here_and_counted(tmp_path: Path) -> None:
    source = Asked(archive(torch_entries(EVIL_PICKLE_2)))
    found = answers([far("model", source)])["model"]
    assert found.formats == (Format.ZIP, Format.TORCH_ZIP)
    assert FactKind.DENIED_CALL in {fact.kind for fact in found.facts}
    assert 0 < found.bytes_read == source.bytes_read
    assert len(source.soon) == len(torch_entries())


def test_a_store_that_refuses_is_a_gap_with_its_reason() -> None:
    def refuse_it() -> None:
        raise ArtifactError("gone for today")

    @contextmanager
    def not_opened() -> Iterator[Source]:
        raise ArtifactError("no such object")
        yield MemorySource(b"")

    jobs = [far("read", Asked(b"PK\x03\x04", refuse_it)), FarJob(id="open", open=not_opened)]
    found = answers(jobs)
    assert found["read"].gaps[0].detail == "gone for today"
    assert found["open"].gaps[0].detail == "no such object"


@pytest.mark.parametrize("error", [ArtifactError("gone for today"), ConnectionResetError()])
def test_a_fetch_ahead_that_fails_costs_no_answer(tmp_path: Path, error: Exception) -> None:
    """The process is in the midst of the file then: the next must not get its answer."""

    class NotAhead(Asked):
        def prefetch(self, spans: Sequence[tuple[int, int]]) -> None:
            raise error

    path = tmp_path / "evil.pkl"
    path.write_bytes(EVIL_PICKLE_2)
    jobs = [far("far", NotAhead(archive(torch_entries()))), local(path)]
    found = {job.id: result for job, result in inspect_many(jobs, workers=1)}
    assert found["far"].formats == (Format.ZIP, Format.TORCH_ZIP)
    assert not found["far"].gaps
    assert found["evil.pkl"].formats == (Format.PICKLE,)
    assert FactKind.DENIED_CALL in {fact.kind for fact in found["evil.pkl"].facts}


def test_a_process_that_is_killed_costs_one_answer(tmp_path: Path) -> None:
    """The file being read when its process dies is told; the others are read all the same."""
    good = tmp_path / "good.pkl"
    good.write_bytes(GOOD_PICKLE)
    for number in (signal.SIGKILL, signal.SIGSYS, signal.SIGSEGV, signal.SIGABRT, signal.SIGXCPU):

        def kill_readers(number: int = number) -> None:
            for child in _readers():
                os.kill(int(child), number)

        jobs: list[Job] = [far("killed", Asked(b"PK\x03\x04" * 99, kill_readers)), local(good)]
        found = {job.id: result for job, result in inspect_many(jobs, workers=1)}
        assert [fact.danger for fact in found["killed"].facts] == [Severity.HIGH]
        gap = found["killed"].gaps[0]
        assert f"ended by signal {number:d} ({number.name}" in gap.detail
        is_late = number is signal.SIGXCPU
        assert gap.reason is (GapReason.TIMEOUT if is_late else GapReason.UNSUPPORTED)
        assert found["good.pkl"].facts == ()
        assert found["good.pkl"].gaps == ()


def test_files_given_ahead_are_given_again_when_their_process_dies(tmp_path: Path) -> None:
    names = [f"{number}.pkl" for number in range(20)]
    for name in names:
        (tmp_path / name).write_bytes(EVIL_PICKLE_2)
    (tmp_path / "0.pkl").write_bytes(b"PK\x03\x04" * 99)

    def killed_once(confinement: object, killed: list[str] = []) -> None:  # noqa: B006
        if not killed:
            killed.extend(_readers())
            os.kill(int(killed[0]), signal.SIGSYS)

    jobs = [local(tmp_path / name) for name in names]
    found = {job.id: result for job, result in inspect_many(jobs, workers=1, confined=killed_once)}
    assert "no reader does" in found["0.pkl"].gaps[0].detail
    denied = {name for name in names if FactKind.DENIED_CALL in {f.kind for f in found[name].facts}}
    assert denied == set(names[1:])


def test_a_file_that_changes_while_it_is_read_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(GOOD_PICKLE)
    kept = tmp_path / "b.pkl"
    kept.write_bytes(GOOD_PICKLE)

    def jobs() -> Iterator[Job]:
        yield local(path)
        yield local(kept)
        path.write_bytes(EVIL_PICKLE_2)  # after it was opened, before it is answered

    found = {job.id: result for job, result in inspect_many(jobs(), workers=1)}
    told = {fact.detail: fact.danger for fact in found["a.pkl"].facts}
    assert told["the file was changed while it was read"] is Severity.HIGH
    assert "the file was changed while it was read" in {gap.detail for gap in found["a.pkl"].gaps}
    assert found["b.pkl"].gaps == ()


def test_a_locked_process_reads_all_samples_as_this_one_does(tmp_path: Path) -> None:
    """What it may not load, open or ask for changes nothing of what is found."""
    jobs: list[Job] = []
    expected = {}
    for number, (name, build) in enumerate({**HOSTILE, **BENIGN}.items()):
        path, data = tmp_path / str(number), build()
        path.write_bytes(data)
        jobs.append(LocalJob(id=name, path=str(path), name=name))
        result = inspect(Window.of(data, name))
        expected[name] = msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=Inspection)
    found = answers(jobs)
    differing = {
        name
        for name, result in found.items()
        if msgspec.structs.replace(result, bytes_read=0)
        != msgspec.structs.replace(expected[name], bytes_read=0)
    }
    assert differing == set()
    assert found.keys() == expected.keys()


def test_a_file_that_takes_too_long_is_ended_and_told() -> None:
    # The far source answers only after the wall clock has run out for the reading process.
    started = threading.Event()

    class Endless:
        size_bytes = 1 << 40
        bytes_read = 0

        def read_at(self, offset: int, length: int) -> bytes:
            started.set()
            return b"a" * min(length, 1 << 16)

    limits = Limits(wall_s=1.5, cpu_s=600)
    found = answers([far("endless", Endless())], limits)["endless"]
    assert started.is_set()
    assert [gap.reason for gap in found.gaps] == [GapReason.TIMEOUT]
    assert [fact.danger for fact in found.facts] == [Severity.HIGH]


def test_leaving_early_ends_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(GOOD_PICKLE)
    running = inspect_many((local(path) for _ in range(10_000)), workers=2)
    next(running)
    running.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _readers():
        time.sleep(0.05)
    assert _readers() == []


def _readers() -> list[str]:
    return [
        child
        for children in Path(f"/proc/{os.getpid()}/task").glob("*/children")
        for child in children.read_text("ascii").split()
        if b"sandbox.child" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize("event", sorted(FORBIDDEN))
def test_forbidden_event_is_refused(event: str) -> None:
    with pytest.raises(ForbiddenError):
        refuse(event, ())


@pytest.mark.parametrize(
    "arguments", [("f", "w", 0), ("f", "a+", 0), ("f", None, os.O_RDWR), ("f", None, os.O_CREAT)]
)
def test_opening_for_writing_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ForbiddenError):
        refuse("open", arguments)


def test_opening_for_reading_is_not_refused() -> None:
    refuse("open", ("f", "r", os.O_RDONLY | os.O_CLOEXEC))


def test_a_process_that_asks_without_end_is_ended() -> None:
    """The time that a store takes is not the process's own: bytes are what ends it."""
    data = BENIGN["carried/descriptors"]()
    (honest,) = answers([far("model", Asked(data))]).values()
    assert not any("nonsense" in gap.detail for gap in honest.gaps)
    (found,) = answers([far("model", Asked(data))], Limits(asked_bytes=0)).values()
    assert "nonsense" in found.gaps[0].detail
    assert [fact.danger for fact in found.facts] == [Severity.HIGH]


def test_what_cannot_be_sent_becomes_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(sandbox_child, "_write", sent.append)
    sandbox_child.answer(Inspection(size_bytes=1, properties={"x": object()}))
    assert b"cannot be passed on" in sent[0]
