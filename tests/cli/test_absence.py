"""Where nothing was there to check, the exit code says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder

DEMO = content_folder("fixtures") / "demo"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scanned")
    evidence = folder / "evidence.mlsnap"
    assert main(["snapshot", "import", str(DEMO), "-o", str(evidence)]) == 0
    assert main(["scan", str(evidence), "-o", str(folder), "--fail-on", "none"]) == 11
    return folder


@pytest.fixture
def out(scanned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scanned, tmp_path / "out"))


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([*map(str, words)]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    return written.err


def test_an_assessment_with_nothing_beside_it_is_not_verified(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = tmp_path / "assessment.json"
    shutil.copy(out / "assessment.json", alone)
    assert "there is nothing to check it against" in refusal(capsys, "report", "verify", alone)
    words = ["report", "verify", str(alone), "--evidence", str(out / "evidence.mlsnap")]
    assert main(words) == 0
    assert "no SHA256SUMS lists it" in capsys.readouterr().out


def test_an_assessment_that_the_list_leaves_out_is_not_verified(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = out / "SHA256SUMS"
    lines = sums.read_text("utf-8").splitlines(keepends=True)
    sums.write_text("".join(line for line in lines if "assessment.json" not in line), "utf-8")
    assert "does not list assessment.json" in refusal(capsys, "report", "verify", out)


def test_a_folder_of_lines_has_no_seal_to_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert "has no seal" in refusal(capsys, "snapshot", "verify", DEMO)


def test_an_empty_target_beside_a_full_one_makes_a_scan_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, empty = tmp_path / "code", tmp_path / "empty"
    code.mkdir()
    empty.mkdir()
    (code / "main.tf").write_text('resource "aws_s3_bucket" "models" {}\n')
    assert main(["scan", str(code)]) == 0
    assert main(["scan", str(code), str(empty)]) == 11
    assert f"{empty}: no file there" in capsys.readouterr().err
    assert main(["scan", str(code), str(empty), "--min-coverage", "0"]) == 0
    assert main(["collect", str(code), str(empty), "-o", str(tmp_path / "e.mlsnap")]) == 11


def test_failures_that_can_no_longer_be_assessed_are_not_a_clean_diff(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = Path(shutil.copytree(DEMO, tmp_path / "twin"))
    calls = twin / "calls.jsonl"
    lines = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    for line in lines:
        if line["operation"] == "DescribeNotebookInstance":
            line.pop("answer", None)
            line |= {"status": "gap", "reason": "denied"}
    calls.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    later = tmp_path / "later"
    assert main(["scan", "--evidence", str(twin), "-o", str(later), "--fail-on", "none"]) == 11
    capsys.readouterr()
    assert main(["diff", str(out), str(out)]) == 0
    assert main(["diff", str(out), str(later)]) == 11
    assert "not assessed this time" in capsys.readouterr().out.splitlines()[-1]


def test_a_failed_scan_leaves_no_empty_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "past.db"
    refusal(capsys, "scan", tmp_path, "--history", history, "--rules", tmp_path / "missing")
    assert not history.exists()
