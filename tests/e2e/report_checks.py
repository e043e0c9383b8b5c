"""What holds of every report that a scan wrote: the strict checkers pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser_checks import command_and_environment
from tests.e2e import runs

_TOOLS = runs.ROOT.parent / "shared" / "tools"


def check_sarif(report: Path) -> None:
    """Hold results.sarif to the strict checker; skips where that is not there."""
    checker = _TOOLS / "check_sarif.py"
    if not checker.exists():
        pytest.skip("the SARIF checker is not beside this checkout")
    done = subprocess.run(  # noqa: S603 - a checker beside the checkout
        [sys.executable, checker, "--strict", report / "results.sarif"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def check_html(report: Path) -> None:
    """Hold report.html to the strict checker; skips where that or a browser is not there."""
    command, environment = command_and_environment(_TOOLS / "check_report_html.mjs")
    done = subprocess.run(  # noqa: S603 - a checker beside the checkout
        [*command, "--strict", report / "report.html"],
        capture_output=True, text=True, timeout=200, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
