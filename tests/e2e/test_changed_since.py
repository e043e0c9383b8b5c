"""``--changed-since`` on a repository: what the change touches, said plainly, in every report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import runs
from tests.e2e.test_bad_input import complaint
from tests.repository.changes.repositories import commit, git, repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(
        tmp_path / "repo", {"a.bicep": "param a string\n", "b.bicep": "param b int\n"}
    )
    git(made, "checkout", "-q", "-b", "feature")
    return made


def test_report_and_gate_are_those_of_the_changed_file(folder: Path, tmp_path: Path) -> None:
    commit(folder, {"b.bicep": "param b string\n"})
    out = tmp_path / "out"
    done = runs.mlsec(
        "scan",
        folder,
        "--changed-since",
        "main",
        "-o",
        out,
        "-f",
        "json,sarif,markdown,html,gitlab",
    )
    assert done.returncode == 11, done.stderr
    made = runs.load_assessment(out)
    assert {one.resource.name for one in made.findings} == {"b.bicep"}
    assert made.limit is not None
    assert (made.limit.revision, made.limit.not_assessed) == ("main", 1)
    for name in ("summary.md", "results.sarif", "report.html", "gl-code-quality-report.json"):
        assert "limited to what changed since main" in (out / name).read_text(), name
    assert "limited to what changed since main" in done.stderr + done.stdout
    sarif = json.loads((out / "results.sarif").read_text())
    for run in sarif["runs"]:
        assert run["automationDetails"]["id"].startswith("mlsec-changed/")


def test_change_that_touches_no_code_shows_nothing_and_says_so(folder: Path) -> None:
    commit(folder, {"README.md": "hello\n"})
    done = runs.mlsec("scan", folder, "--changed-since", "main", "--fail-on", "none",
                      "--min-coverage", "0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 other findings not shown (2 not assessed)" in done.stdout


def test_it_needs_a_folder_of_a_repository_and_a_whole_history(
    folder: Path, tmp_path: Path
) -> None:
    complaint(runs.mlsec("scan", folder, "--changed-since", "no-such"), "no-such", "fetch-depth")
    complaint(
        runs.mlsec("scan", "aws", "--changed-since", "main"), "--changed-since does not apply"
    )
    words = ("--changed-since", "main", "--history", tmp_path / "h.db")
    complaint(
        runs.mlsec("scan", folder, *words), "--history cannot be used together with --changed-since"
    )
