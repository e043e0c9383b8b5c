"""The text report underlines the value that decided, and the summary names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.cli.main import main

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {{
  count                  = {count}
  name                   = "n-${{count.index}}"
  instance_type          = "ml.t3.medium"
  role_arn               = "arn:aws:iam::111122223333:role/x"
  direct_internet_access = "Enabled"
}}
"""
ONLY = ("--select", "sagemaker/notebook-direct-internet", "--fail-on", "none")


def test_value_that_decided_is_underlined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_text(NOTEBOOK.format(count=1))
    main(["scan", str(tmp_path), *ONLY])
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("   6 | "))
    start = lines[at].index("Enabled")
    assert lines[at + 1] == "     |" + " " * (start - 6) + "^" * len("Enabled")


def test_several_on_one_line_are_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_text(NOTEBOOK.format(count=3))
    main(["scan", str(tmp_path), *ONLY, "-f", "markdown"])
    rows = [line for line in capsys.readouterr().out.splitlines() if "main.tf" in line]
    rows = [row for row in rows if row.startswith("| medium")]
    assert len(rows) == 1
    assert "and 2 more" in rows[0]
    assert "main.tf:1" in rows[0].replace("\\", "")
    main(["scan", str(tmp_path), *ONLY])
    assert capsys.readouterr().out.count("fail[sagemaker/notebook-direct-internet]") == 1
