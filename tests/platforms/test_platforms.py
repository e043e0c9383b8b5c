"""Linux is what mlsec is made for; a Mac confines less, and Windows is refused in one sentence."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifacts.builders.payloads import EVIL_PICKLE_2

OTHER_SYSTEM = Path(__file__).with_name("other_system.py")
NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "train" {
  name                   = "train"
  role_arn               = "arn:aws:iam::111122223333:role/train"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
}
"""


def run_on(system: str, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run mlsec on another system; each process that it starts runs there too."""
    python = folder / "python"
    start = shlex.join([sys.executable, str(OTHER_SYSTEM), system])
    python.write_text(f'#!/bin/sh\nexec {start} "$0" "$@"\n')
    python.chmod(0o755)
    command = [python, "-I", "-m", "mlsec", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)  # noqa: S603


def test_a_scan_works_on_a_mac_and_says_what_does_not_confine_it(tmp_path: Path) -> None:
    target = tmp_path / "repository"
    target.mkdir()
    (target / "model.pkl").write_bytes(EVIL_PICKLE_2)
    (target / "main.tf").write_text(NOTEBOOK)
    done = run_on("darwin", tmp_path, "scan", target, "-o", tmp_path / "out")
    assert done.returncode == 10, done.stderr
    assessment = json.loads((tmp_path / "out" / "assessment.json").read_text())
    failed = {one["rule"] for one in assessment["findings"] if one["status"] == "fail"}
    assert {"artifact/calls-dangerous-code", "sagemaker/notebook-direct-internet"} <= failed
    settings = assessment["scan"]["settings"]
    assert settings["sandbox"].split(", ")[-1] == "audit_hook"
    assert "seccomp (darwin has no such protection that mlsec uses)" in settings["sandbox.missing"]


@pytest.mark.parametrize("words", [["scan", "."], ["--version"], []])
def test_on_windows_every_command_ends_with_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = run_on("win32", tmp_path, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "mlsec does not run on Windows itself: run it in WSL or from its container image"
        " (the Containerfile of its repository)\n"
    )
