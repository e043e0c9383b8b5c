"""--exclude leaves files and folders out, and every report says so."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from mlsec.cli.main import main

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  instance_type          = "ml.t3.medium"
  role_arn               = "arn:aws:iam::111122223333:role/x"
  direct_internet_access = "Enabled"
}
"""
FILES = ("main.tf", "infra/main.tf", "infra/tests/main.tf", "tests/a/main.tf", "tests/b.tf")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTEBOOK)
    monkeypatch.chdir(tmp_path)


def read(*words: str) -> tuple[set[str], str]:
    """Give the files that findings are in, and the text of the whole assessment."""
    scan = (
        "scan",
        "code",
        "--fail-on",
        "none",
        "--min-coverage",
        "0",
        "-q",
        "-o",
        "out",
        "--unfold",
        "all",
    )
    assert main([*scan, *words]) == 0
    text = Path("out/assessment.json").read_text()
    return {finding["resource"]["file"] for finding in json.loads(text)["findings"]}, text


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (["tests"], {"main.tf", "infra/main.tf"}),
        (["tests/"], {"main.tf", "infra/main.tf"}),
        (["/tests"], {"main.tf", "infra/main.tf", "infra/tests/main.tf"}),
        (["./infra/tests"], {*FILES} - {"infra/tests/main.tf"}),
        (["infra/*", "b.tf"], {"main.tf", "tests/a/main.tf"}),
        (["**/tests/**"], {"main.tf", "infra/main.tf"}),
        (["Tests", "est"], {*FILES}),
    ],
)
def test_glob_is_a_name_or_with_a_slash_a_path(globs: list[str], left: set[str]) -> None:
    files, text = read(*(f"--exclude={glob}" for glob in globs))
    assert files == left
    document = json.loads(text)
    rows = [
        left_out for row in document["coverage"]["types"] for left_out in row.get("left_out", ())
    ]
    reasons = {row["because"] for row in rows}
    expected = (
        {f"excluded by you: --exclude {glob}" for glob in globs} if left != {*FILES} else set()
    )
    assert {reason for reason in reasons if "by you" in reason} == expected
    for glob in globs:
        assert f"--exclude {shlex.quote(glob)}" in document["scan"]["command"]


def test_text_says_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "code", "--fail-on", "none", "--exclude", "tests"]) == 0
    assert "excluded by you: --exclude tests (2)" in " ".join(capsys.readouterr().out.split())


def test_scan_of_which_all_is_left_out_is_incomplete() -> None:
    assert main(["scan", "code", "--exclude", "*"]) == 11
