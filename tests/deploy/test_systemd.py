"""The systemd units: verified by systemd itself; what they start is a command of ours."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mlsec.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
ANALYZE = shutil.which("systemd-analyze")


def settings(name: str, section: str) -> dict[str, str]:
    """One section of a unit; of a key that is repeated the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((UNITS / name).read_text())
    return dict(parser[section])


@pytest.mark.skipif(ANALYZE is None, reason="install systemd")
def test_systemd_verifies_the_units(tmp_path: Path) -> None:
    python = tmp_path / "opt/mlsec/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")
    (tmp_path / "bin").mkdir()
    shutil.copy("/bin/true", tmp_path / "bin")
    units = tmp_path / "etc/systemd/system"
    shutil.copytree(UNITS, units)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    done = subprocess.run(  # noqa: S603
        [ANALYZE, "verify", "--man=no", f"--root={tmp_path}", "mlsec.service", "mlsec.timer"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, [one for one in done.stderr.splitlines() if "mlsec" in one]) == (0, [])


def test_service_starts_a_scan_that_mlsec_understands_and_is_confined() -> None:
    service = settings("mlsec.service", "Service")
    python, isolated, module, name, *words = shlex.split(service["ExecStart"])
    assert (python, isolated, module, name) == ("/opt/mlsec/venv/bin/python", "-I", "-m", "mlsec")
    args = build_parser().parse_args(words)
    assert args.output == Path("/var/lib/mlsec/reports")
    assert service["StateDirectory"] == "mlsec"
    assert service["Type"] == "oneshot"
    assert service["DynamicUser"] == service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert "@sandbox" in service["SystemCallFilter"].split()


def test_timer_belongs_to_the_service_and_makes_up_for_a_missed_night() -> None:
    timer = settings("mlsec.timer", "Timer")
    assert timer["Persistent"] == "yes"
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d:00", timer["OnCalendar"])
    assert (UNITS / "mlsec.service").exists()
