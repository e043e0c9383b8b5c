"""``--with checkov``, ``--checkov-json``: merged once, kept as evidence, never without a word."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlsec.core.enums import GapReason, Status
from tests.e2e import runs
from tests.e2e.test_bad_input import complaint
from tests.repository.checkov.said import failure, report, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "main.tf").write_text('resource "aws_x" "y" {\n}\n')
    (made / "broken.tf").write_text("resource {\n")
    (made / ".checkov.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nexternal-checks-dir: [evil]\nskip-check: ['*']\n"
    )
    return made


def program(folder: Path, body: bytes, code: int = 0) -> Path:
    """A stand-in that prints what checkov would."""
    path = folder / "checkov"
    (folder / "said.json").write_bytes(body)
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        "here = pathlib.Path(sys.argv[sys.argv.index('--directory') + 1])\n"
        f"told = pathlib.Path({str(folder / 'said.json')!r}).read_text()\n"
        "assert not list(here.rglob('.checkov*')), 'it would obey the repository'\n"
        f"print(told.replace('HERE', str(here)))\nsys.exit({code})\n"
    )
    path.chmod(0o755)
    return path


def test_its_findings_gaps_and_word_are_in_one_report_and_in_the_evidence(
    folder: Path, tmp_path: Path
) -> None:
    body = said(report(failure(line=1), errors=["HERE/broken.tf"]))
    checkov = program(tmp_path, body)
    out = tmp_path / "out"
    runs.mlsec("scan", folder, "--with", "checkov", "--checkov", checkov, "-o", out)
    made = runs.load_assessment(out)
    (found,) = [one for one in made.findings if one.rule.startswith("checkov:")]
    assert (found.rule, found.resource.file, found.status) == (
        "checkov:CKV_X_1", "main.tf", Status.FAIL,
    )  # fmt: skip
    assert "checkov:CKV_X_1" in {rule.id for rule in made.rules}
    (gap,) = [one for one in made.gaps if one.wanted == "checkov"]
    assert (gap.subject, gap.reason) == (f"{folder}/broken.tf", GapReason.MALFORMED)
    (row,) = [one for one in made.coverage.rows if one.type == "checkov"]
    assert (row.enumerated, row.assessed, row.errored) == (2, 1, 1)
    assert any("1 of its 1 failures" in one for one in made.notices)
    sarif = json.loads((out / "results.sarif").read_text())
    rules = {one["ruleId"] for run in sarif["runs"] for one in run["results"]}
    assert "checkov:CKV_X_1" in rules

    runs.mlsec("scan", out / "evidence.mlsnap", "--offline", "-o", tmp_path / "again")
    again = runs.load_assessment(tmp_path / "again")
    assert (again.findings, again.gaps, again.notices) == (made.findings, made.gaps, made.notices)


def test_run_that_fails_leaves_the_scan_incomplete(folder: Path, tmp_path: Path) -> None:
    checkov = program(tmp_path, b"oops", code=3)
    out = tmp_path / "out"
    words = ("--with", "checkov", "--checkov", checkov, "--fail-on", "none", "-o", out)
    done = runs.mlsec("scan", folder, *words)
    assert done.returncode == 11, done.stderr
    made = runs.load_assessment(out)
    (row,) = [one for one in made.coverage.rows if one.type == "checkov"]
    assert (row.is_complete, row.errored) == (False, 2)
    assert any("did not finish" in one for one in made.notices)


def test_saved_output_is_taken_and_a_wrong_one_is_bad_input(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    saved.write_bytes(said(report(failure(line=1))))
    runs.mlsec("scan", folder, "--checkov-json", saved, "-o", tmp_path / "out", "-f", "json")
    made = runs.load_assessment(tmp_path / "out")
    assert [one.rule for one in made.findings if one.rule.startswith("checkov:")]
    evidence = tmp_path / "out" / "evidence.mlsnap"
    complaint(
        runs.mlsec("scan", evidence, "--checkov-json", saved), "does not apply", "(a snapshot)"
    )
    saved.write_bytes(said(report(version="5.0.0")))
    complaint(runs.mlsec("scan", folder, "--checkov-json", saved), "5.0.0", "3.2 and 3.3")
    complaint(runs.mlsec("scan", folder, "--with", "checkov", "--checkov", saved), "was not found")
