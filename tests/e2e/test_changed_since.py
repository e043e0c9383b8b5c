"""``--changed-since`` on a repository: what the change touches, said plainly, in every report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import runs
from tests.e2e.test_bad_input import complaint
from tests.repository.changes.repositories import commit, git, repository

# The one rule that says of each file whether it was read.
READ = ("--select", "code-file/code-not-resolved")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(
        tmp_path / "repo", {"a.bicep": "resource a broken {\n", "b.bicep": "resource b broken {\n"}
    )
    git(made, "checkout", "-q", "-b", "feature")
    return made


def test_report_and_gate_are_those_of_the_changed_file(folder: Path, tmp_path: Path) -> None:
    commit(folder, {"b.bicep": "resource c broken {\n"})
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
        *READ,
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
                      "--min-coverage", "0", *READ)  # fmt: skip
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


NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  instance_type          = "ml.t3.medium"
  role_arn               = "arn:aws:iam::111122223333:role/x"
  direct_internet_access = "Enabled"
}
"""
ONLY = ("--select", "sagemaker/notebook-direct-internet", "--fail-on", "medium")


def test_gate_counts_what_is_new_and_not_what_stood_in_a_changed_file(tmp_path: Path) -> None:
    made = repository(tmp_path / "repo", {"main.tf": NOTEBOOK})
    git(made, "checkout", "-q", "-b", "feature")
    commit(made, {"main.tf": NOTEBOOK.replace("t3.medium", "t3.large")})
    words = ("scan", made, "--changed-since", "main", *ONLY)
    done = runs.mlsec(*words)
    assert done.returncode == 0, done.stderr
    assert "1 that is shown was there before" in " ".join(done.stdout.split())
    second = NOTEBOOK.replace('"n"', '"m"')
    commit(made, {"main.tf": NOTEBOOK + second})
    done = runs.mlsec(*words)
    assert done.returncode == 10
    said = " ".join(done.stderr.split())
    assert "1 new finding of 1 cause at or above medium" in said
    assert "since main; 1 more at that severity stood there before" in said
    assert "aws_sagemaker_notebook_instance.m" in said


def test_changed_model_file_is_new_whatever_was_known_of_it(tmp_path: Path) -> None:
    made = repository(tmp_path / "repo", {"README.md": "hello\n"})
    (made / "model.pkl").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    git(made, "add", "-A")
    git(made, "commit", "-qm", "a model")
    git(made, "checkout", "-q", "-b", "feature")
    (made / "model.pkl").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    done = runs.mlsec("scan", made, "--changed-since", "main")
    assert done.returncode == 10, done.stderr
