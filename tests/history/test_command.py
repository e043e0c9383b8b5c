"""``mlsec scan --history`` records, ``mlsec history`` tells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder

_DEMO = content_folder("fixtures") / "demo"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "scans.history"


def scan(evidence: Path, history: Path) -> None:
    words = ["scan", "--evidence", str(evidence), "--history", str(history), "--fail-on", "none"]
    assert main(words) == exits.INCOMPLETE


def test_trend_shows_each_scan_and_what_it_changed(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan(_DEMO, history)
    assert " new (scan 1 in " in capsys.readouterr().err
    later = Path(shutil.copytree(_DEMO, tmp_path / "later"))
    head = (later / "meta.json").read_text("utf-8")
    (later / "meta.json").write_text(head.replace("2026-11-02T08", "2026-11-03T08"), "utf-8")
    scan(later, history)
    assert " unchanged (scan 2 in " in capsys.readouterr().err

    assert main(["history", str(history)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("aws, s3://")
    assert [line.split()[:2] for line in lines[2:4]] == [
        ["1", "2026-11-02T08:03:20Z"],
        ["2", "2026-11-03T08:03:20Z"],
    ]
    failed = int(lines[3].split()[2])
    since = "as many as in the first of 2 scans, of 2026-11-02"
    assert lines[-1] == f"  {failed} open failures, {since}"

    assert main(["history", str(history), "--open"]) == 0
    lines = capsys.readouterr().out.splitlines()
    severities = [line.partition("[")[0] for line in lines[:-1]]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low"].index)
    assert all("open 1 day, since 2026-11-02: " in line for line in lines[:-1])
    assert lines[-1] == f"{failed} failures are open"
    assert len(lines) == failed + 1


def test_recording_the_same_scan_again_changes_nothing(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan(_DEMO, history)
    before = history.read_bytes()
    scan(_DEMO, history)
    assert "already" in capsys.readouterr().err
    assert history.read_bytes() == before


def test_file_that_is_no_history_is_refused_before_the_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database")
    assert main(["scan", "--evidence", str(_DEMO), "--history", str(other)]) == exits.BAD_INPUT
    assert capsys.readouterr().out == ""


def test_failures_of_the_same_file_in_two_repositories_are_two(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        'resource "aws_sagemaker_notebook_instance" "open" {\n'
        '  name                   = "open"\n'
        '  instance_type          = "ml.t3.medium"\n'
        '  direct_internet_access = "Enabled"\n}\n'
    )
    repositories = [tmp_path / name for name in ("first", "second")]
    for repository in repositories:
        repository.mkdir()
        (repository / "main.tf").write_text(text, "utf-8")
    targets = [str(repository) for repository in repositories]
    for _ in range(2):
        chosen = [
            "--select",
            "sagemaker/notebook-direct-internet",
            "--history",
            str(history),
            "--fail-on",
            "low",
        ]
        assert (
            main(["scan", *targets, "-q", "-o", str(tmp_path / "out"), *chosen]) == exits.FINDINGS
        )
    capsys.readouterr()
    assert main(["history", str(history), "--open"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 failures are open"
