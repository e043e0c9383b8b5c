"""A hostile repository, whole: nothing executed, nothing fetched, everything accounted for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import hostile_repository as hostile
from tests.e2e import runs
from tests.e2e.watched_scan import sort_of

_FORMATS = "json,html,sarif,markdown,text,gitlab"
_PEAK_MIB = 400
_WATCHED = Path(__file__).with_name("watched_scan.py")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """One scan of the repository, as a user stands in it: what it said, wrote and did."""

    place: Path
    done: subprocess.CompletedProcess[str]
    did: Mapping[str, list[str]]
    peak_kib: list[int]
    assessment: Assessment
    before: Mapping[str, tuple[object, ...]]

    @property
    def folder(self) -> Path:
        return self.place / "repo"

    @property
    def out(self) -> Path:
        return self.place / "out"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    place = tmp_path_factory.mktemp("hostile").resolve()
    folder = hostile.make(place / "repo", place / "elsewhere", place / "canaries")
    (place / "scratch").mkdir()
    before, log = state(folder), place / "log"
    words = ["scan", ".", "--changed-since", "base", "-o", place / "out", "-f", _FORMATS]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-P", _WATCHED, log, *words],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("MLSEC", "GIT"))},
            "XDG_CACHE_HOME": str(place / "cache"),
            "TMPDIR": str(place / "scratch"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 10, done.stderr
    told = json.loads(log.read_bytes())
    peak_kib = told.pop("peak_kib")
    assessment = runs.load_assessment(place / "out")
    return Scanned(
        place=place, done=done, did=told, peak_kib=peak_kib, assessment=assessment, before=before
    )


def state(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder, git's own files too, as far as a change would show."""
    return {
        str(path): (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
        for path in folder.rglob("*")
        for status in [path.lstat()]
    }


def listed(folder: Path) -> list[Path]:
    """Everything that a scan has to account for: all but plain folders; git's own is one.

    All the rest is committed, in folders of tools too.
    """
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name != ".git" and path.is_dir() and not path.is_symlink():
            found += listed(path)
        else:
            found.append(path)
    return found


def test_nothing_of_it_is_executed(scanned: Scanned) -> None:
    assert list((scanned.place / "canaries").iterdir()) == []
    started = scanned.did["started"]
    child = re.compile(r"from mlsec\.(artifacts\.sandbox|iac\.rendered)\.\w*child import main; ")
    ours = [word for word in started if child.search(word)]
    asked = [word for word in started if re.match(r"\['/[^']*/git', '-C', '[^']*/repo', ", word)]
    assert ours
    assert asked
    assert [word for word in started if word not in ours and word not in asked] == []
    assert all(sys.executable in word for word in ours)


def test_the_same_repository_does_harm_to_who_trusts_it(scanned: Scanned) -> None:
    trusting = scanned.place / "trusting"
    hostile.make(trusting, scanned.place / "elsewhere-2", scanned.place / "canaries-2")
    subprocess.run([sys.executable, "-c", "import msgspec"], cwd=trusting, check=True)
    hostile.git(trusting, "status", must=False)
    left = {path.name for path in (scanned.place / "canaries-2").iterdir()}
    assert left >= {"msgspec", "fsmonitor"}


def test_nothing_is_fetched(scanned: Scanned) -> None:
    assert scanned.did.get("network", []) == []


def test_nothing_outside_of_it_is_read(scanned: Scanned) -> None:
    forbidden = (str(scanned.place / "elsewhere"), "/etc/passwd", "/etc/shadow")
    read = [path for path in scanned.did["read"] if os.path.realpath(path).startswith(forbidden)]
    assert read == []
    for path in scanned.out.iterdir():
        assert hostile.SECRET.encode() not in path.read_bytes(), path.name
        assert b"root:x:0" not in path.read_bytes(), path.name


def test_nothing_is_written_but_the_reports_and_what_is_our_own(scanned: Scanned) -> None:
    assert state(scanned.folder) == scanned.before
    own = [str(scanned.place / name) for name in ("out", "cache", "scratch")]
    written = {
        path
        for path in scanned.did["written"]
        if path != os.devnull and not path.isdecimal() and not path.startswith(tuple(own))
    }
    assert written == set()


def test_every_file_is_accounted_for(scanned: Scanned) -> None:
    rows = {row.type: row for row in scanned.assessment.coverage.rows}
    for row in rows.values():
        assert row.enumerated == row.assessed + row.excluded + row.errored, row.type
    assert rows["files.artifact"].enumerated == len(listed(scanned.folder))
    said = re.search(r"(\d+) files found = (\d+) \D+(\d+) \D+(\d+) not read", scanned.done.stdout)
    assert said is not None
    found, *parts = map(int, said.groups())
    assert found == sum(parts) == len(listed(scanned.folder))


@pytest.mark.parametrize("name", hostile.UNREADABLE)
def test_what_could_not_be_read_is_named_with_a_reason_and_passes_nothing(
    name: str, scanned: Scanned
) -> None:
    subject = re.compile(rf"(\./)?{re.escape(name)}(:\d+)?")
    gaps = [gap for gap in scanned.assessment.gaps if subject.fullmatch(gap.subject)]
    assert [gap.detail for gap in gaps] != []
    assert all(gap.detail for gap in gaps)


def test_no_file_of_it_makes_the_scan_milder(scanned: Scanned) -> None:
    assert scanned.assessment.waivers == ()
    failed = {f.rule for f in scanned.assessment.findings if f.status is Status.FAIL}
    assert {"k8s-pod/container-privileged", "sagemaker/notebook-direct-internet"} <= failed


def test_names_stay_data_in_everything_that_is_written(scanned: Scanned) -> None:
    texts = {path.name: path.read_text("utf-8") for path in scanned.out.iterdir()
             if path.suffix != ".mlsnap"}  # fmt: skip
    shown = {**texts, "stdout": scanned.done.stdout, "stderr": scanned.done.stderr}
    assert {name for name, text in shown.items() if _CONTROLS.search(text)} == set()
    assert hostile.MARK in texts["report.txt"]
    assert "<img src=x" not in texts["report.html"]
    # In Markdown a name stands inside of back-ticks, where nothing has a meaning.
    assert "<img src=x" not in re.sub(r"`[^`\n]*`", "", texts["summary.md"])
    names = {f.resource.name for f in scanned.assessment.findings}
    assert any(hostile.TEMPLATE in name for name in names), "a name was taken for a template"


@pytest.mark.parametrize(
    ("event", "arguments", "sort"),
    [
        ("subprocess.Popen", ("sh", ["sh"], None, None), "started"),
        ("os.system", (b"id",), "started"),
        ("os.fork", (), "started"),
        ("socket.connect", (None, ("127.0.0.1", 1)), "network"),
        ("socket.getaddrinfo", ("example.invalid", 443, 0, 0, 0), "network"),
        ("open", ("x", "w", os.O_WRONLY | os.O_CREAT), "written"),
        ("open", ("x", None, os.O_RDWR), "written"),
        ("open", ("/etc/passwd", "r", os.O_RDONLY), "read"),
        ("os.rename", ("a", "b", -1, -1), "written"),
    ],
)
def test_the_watch_would_see(event: str, arguments: tuple[object, ...], sort: str) -> None:
    assert sort_of(event, arguments) == sort


def test_memory_stays_small(scanned: Scanned) -> None:
    assert [peak for peak in scanned.peak_kib if peak > _PEAK_MIB * 1024] == []
