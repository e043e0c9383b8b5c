"""What holds of every report that a scan wrote: the strict checkers pass."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.browser_checks import command_and_environment
from tests.e2e import runs
from tests.sarif_checks import sarif_problems

_TOOLS = runs.ROOT.parent / "shared" / "tools"


def check_sarif(report: Path) -> None:
    """Hold results.sarif to the strict checker; skips where that is not there."""
    assert sarif_problems("--strict", report / "results.sarif") == ""


def check_html(report: Path) -> None:
    """Hold report.html to the strict checker; skips where that or a browser is not there."""
    command, environment = command_and_environment(_TOOLS / "check_report_html.mjs")
    done = subprocess.run(  # noqa: S603 - a checker beside the checkout
        [*command, "--strict", report / "report.html"],
        capture_output=True, text=True, timeout=200, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
