"""-q, -v and --color: how much is said beside the report, and in which colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlsec.cli.assess_options import CONCERNS, PROVIDERS
from mlsec.cli.main import main
from mlsec.cli.source_lines import SourceLines
from mlsec.core.enums import Concern
from tests.shipped import shipped_rules

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  instance_type          = "ml.t3.medium"
  role_arn               = aws_iam_role.r.arn
  direct_internet_access = "Enabled" # token ghp_0123456789abcdefghijABCDEFGHIJ012345
}
"""
SCAN = ("scan", "--fail-on", "none", "--min-coverage", "0", "deep")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "deep" / "infra").mkdir(parents=True)
    (tmp_path / "deep" / "infra" / "main.tf").write_text(NOTEBOOK)
    monkeypatch.chdir(tmp_path)


def test_quiet_says_nothing_beside_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCAN, "-q"]) == 0
    written = capsys.readouterr()
    assert written.err == ""
    assert "notebook-direct-internet" in written.out
    assert main([*SCAN, "-q", "-o", "out"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["scan", "nowhere", "-q"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_verbose_says_how_long_each_step_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCAN, "-v"]) == 0
    assert re.search(r"assessed in \d+\.\d", capsys.readouterr().err)
    assert main([*SCAN]) == 0
    assert "assessed in" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variables", "is_coloured"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"MLSEC_COLOR": "always"}, True),
    ],
)
def test_colour_is_chosen_by_option_then_no_color_then_force_color(
    words: tuple[str, ...], variables: dict[str, str], is_coloured: bool,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main([*SCAN, *words]) == 0
    assert ("\x1b[" in capsys.readouterr().out) == is_coloured


def test_place_can_be_opened_from_here_and_its_line_shows_no_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*SCAN]) == 0
    report = capsys.readouterr().out
    place = report.partition("  --> deep/infra/main.tf:")[2].splitlines()
    assert place[0] == "5"
    assert place[1].startswith('   5 |   direct_internet_access = "Enabled" # token ')
    assert "ghp_0123456789" not in report


def test_no_line_is_shown_of_a_file_outside_of_the_scanned_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("mine\n")
    (tmp_path / "deep" / "link.tf").symlink_to(tmp_path / "secret.txt")
    lines = SourceLines(["deep"])
    assert lines("code/deep", "../secret.txt", 1) is None
    assert lines("code/deep", "link.tf", 1) is None
    assert lines("code/other", "infra/main.tf", 1) is None
    known = lines("code/deep", "infra/main.tf", 2)
    assert known is not None
    assert (known.path, known.text) == ("deep/infra/main.tf", '  name                   = "n"')


def test_three_gaps_are_shown_and_all_with_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    folders = [f"d{number}" for number in range(5)]
    for folder in folders:
        Path(folder).mkdir()
        (Path(folder) / "main.tf").write_text(NOTEBOOK)
    assert main([*SCAN, *folders]) == 0
    few = capsys.readouterr().out
    assert main([*SCAN, *folders, "-v"]) == 0
    every = capsys.readouterr().out
    assert (few.count("\nnot assessed["), every.count("\nnot assessed[")) == (3, 6)
    assert "\nand 3 more, which hide 3 checks; all are in the reports" in few


def test_totals_count_open_findings_by_provider_and_severity(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*SCAN]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("open findings"))
    assert lines[head].split() == ["open", "findings", "medium", "all"]
    provider, medium, whole = lines[head + 1].split()
    assert (provider, medium) == ("aws", whole)
    assert sum(line.startswith("fail[") for line in lines) == int(whole)


def test_filters_of_the_text_report_count_what_they_hide_and_decide_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scan", "deep", "--min-coverage", "0", "--fail-on", "medium"]) == 10
    whole = capsys.readouterr().out.splitlines()
    filtered = ("--severity", "HIGH", "--provider", "aws", "--concern", "security")
    assert main(["scan", "deep", "--min-coverage", "0", "--fail-on", "medium", *filtered]) == 10
    part = capsys.readouterr().out.splitlines()
    assert [line for line in part if line.startswith("fail[")] == []
    failed = sum(line.startswith("fail[") for line in whole)
    assert f"not shown: {failed} open findings ({failed} medium)" in " ".join(part)
    assert part[-1] == whole[-1]


def test_filter_of_what_is_shown_is_refused_where_all_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scan", "deep", "-f", "json", "--severity", "high"]) == 2
    assert "--severity does not apply to the format json" in capsys.readouterr().err


def test_choices_of_the_filters_are_those_of_the_findings() -> None:
    assert {concern.value for concern in Concern} == {*CONCERNS}
    types = shipped_rules().vocabulary.types.values()
    assert {kind.name.partition(".")[0] for kind in types if not kind.is_concept} == {*PROVIDERS}
