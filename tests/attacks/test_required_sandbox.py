"""An operator relies on a sandbox that the machine does not have.

The kernel, or the profile of a container, offers neither seccomp filters nor Landlock (a filter
around the whole command stands for it): a scan that requires them must not read a file, and one
that does not must say what it did without.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.artifacts.sandbox.confinement import ESSENTIAL, PROTECTIONS
from tests.artifacts.builders.payloads import EVIL_PICKLE_2

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
ROOT = Path(__file__).resolve().parents[2]
MLSEC = (sys.executable, "-P", "-m", "mlsec")
WITHOUT = (sys.executable, "-m", "tests.attacks.inside.without")


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=120
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "evil.pkl"
    path.parent.mkdir()
    path.write_bytes(EVIL_PICKLE_2)
    return path.parent


def test_a_scan_that_requires_it_is_refused(model: Path, tmp_path: Path) -> None:
    options = ("--require-sandbox", "-o", tmp_path / "out")
    done = run(*WITHOUT, *MLSEC, "scan", model, *options)
    assert done.returncode == 2
    assert "--require-sandbox: the processes that read files cannot be confined" in done.stderr
    assert "seccomp (Invalid argument)" in done.stderr
    assert "mlsec doctor" in done.stderr
    assert not (tmp_path / "out" / "assessment.json").exists()


def test_a_collection_that_requires_it_is_refused(model: Path, tmp_path: Path) -> None:
    options = ("--require-sandbox", "-o", tmp_path / "x.mlsnap")
    done = run(*WITHOUT, *MLSEC, "collect", model, *options)
    assert done.returncode == 2
    assert not (tmp_path / "x.mlsnap").exists()


def test_a_scan_that_does_not_says_what_was_missing(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(*WITHOUT, *MLSEC, "scan", model, "-o", out)
    assert done.returncode == 10, done.stderr
    assert "less protection than mlsec uses: " in " ".join(done.stdout.split())
    told = json.loads((out / "assessment.json").read_bytes())
    held = told["scan"]["settings"]["sandbox"].split(", ")
    assert set(held) >= {"limits", "no_new_privs", "capabilities", "audit_hook"}
    assert not {"seccomp", "landlock"} & set(held)
    assert "seccomp (Invalid argument)" in told["scan"]["settings"]["sandbox.missing"]
    assert any("landlock (the kernel has no Landlock)" in note for note in told["notices"])
    assert "missing: " in (out / "report.html").read_text("utf-8")


def test_with_it_the_scan_goes_on_and_says_what_held(model: Path, tmp_path: Path) -> None:
    """The near miss."""
    out = tmp_path / "out"
    done = run(*MLSEC, "scan", model, "--require-sandbox", "-o", out)
    assert done.returncode == 10, done.stderr
    settings = json.loads((out / "assessment.json").read_bytes())["scan"]["settings"]
    assert set(settings["sandbox"].split(", ")) >= set(ESSENTIAL)
    assert "in processes confined by " in (out / "report.html").read_text("utf-8")


def test_doctor_shows_it() -> None:
    done = run(*MLSEC, "doctor")
    assert "reading processes confined by: " in done.stdout
    bare = run(*WITHOUT, *MLSEC, "doctor")
    assert "audit_hook" in bare.stdout
    assert "    missing: " in bare.stdout
    assert "scans with --require-sandbox are refused" in bare.stdout


def test_the_documentation_explains_each_protection() -> None:
    text = (ROOT / "docs" / "model-files.md").read_text("utf-8")
    assert [name for name in PROTECTIONS if f"`{name}`" not in text] == []
