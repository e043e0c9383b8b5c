"""Whoever writes the repository has the CI scripts start their program, or write where they say.

They commit a ``mktemp`` in a folder that the job has on PATH (``node_modules/.bin``, ``.``), or
make the folder of the reports, or one of its files, a link. What they gain: their program runs in
the job before the scan, and the reports overwrite a file outside of the checkout.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("mktemp", "rm", "cp", "mkdir", "ls", "cat", "dirname", "python3", "git")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".git").mkdir(parents=True)
    (made / "main.bicep").write_text("param a string\n")
    home = tmp_path / "home" / "venv" / "bin"
    home.mkdir(parents=True)
    # What ci/install.sh would make: this very environment.
    (home / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (home / "python").chmod(0o755)
    return made


def arm(folder: Path, canary: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOOLS:
        (folder / name).write_text(
            f'#!/bin/sh\necho {name} >>{canary}\nexec /usr/bin/{name} "$@"\n'
        )
        (folder / name).chmod(0o755)


def scan(
    folder: Path, out: str | Path, cwd: str = ".", **more: str
) -> subprocess.CompletedProcess[str]:
    home = folder.parent / "home"
    return subprocess.run(  # noqa: S603
        ["/bin/bash", ROOT / "ci" / "scan.sh"],
        cwd=folder / cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "MLSEC_HOME": str(home),
             "MLSEC_OUT": str(out), "MLSEC_FAIL_ON": "none", "MLSEC_MIN_COVERAGE": "0",
             "MLSEC_FORMATS": "json,markdown", **more},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("entry", [".", "", "bin", "{repo}/bin", "{repo}/sub/../bin", "{link}"])
def test_program_of_the_repository_is_not_started(entry: str, folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for place in (folder, folder / "bin", folder / "sub", folder / "sub" / "bin"):
        arm(place, canary)
    (tmp_path / "link").symlink_to(folder / "bin")
    path = entry.format(repo=folder, link=tmp_path / "link")
    done = scan(folder, tmp_path / "out", cwd="sub", PATH=f"{path}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert not canary.exists()
    assert (tmp_path / "out" / "assessment.json").is_file()


def test_program_elsewhere_is_still_found_first(folder: Path, tmp_path: Path) -> None:
    arm(tmp_path / "tools", tmp_path / "canary")
    scan(folder, tmp_path / "out", PATH=f"{tmp_path}/tools:/usr/bin:/bin")
    assert "mktemp" in (tmp_path / "canary").read_text()


@pytest.mark.parametrize("link", ["reports", "reports/deep", "a/reports"])
@pytest.mark.parametrize("is_absolute", [False, True], ids=["relative", "absolute"])
def test_folder_of_reports_that_is_a_link_of_the_repository_is_refused(
    link: str, is_absolute: bool, folder: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "assessment.json").write_text("precious")
    first = Path(link).parts[0]
    (folder / first).symlink_to(victim)
    out: str | Path = folder / link if is_absolute else link
    done = scan(folder, out)
    assert done.returncode == 2, done.stderr
    assert "is a link of the scanned repository" in done.stderr
    assert [path.name for path in victim.rglob("*")] == ["assessment.json"]
    assert (victim / "assessment.json").read_text() == "precious"


def test_report_that_is_a_link_of_the_repository_is_replaced_and_not_followed(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("precious")
    (folder / "reports").mkdir()
    (folder / "reports" / "summary.md").symlink_to(tmp_path / "victim")
    (folder / "reports" / "mine.txt").write_text("kept")
    done = scan(folder, "reports")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (folder / "reports" / "summary.md").is_symlink()
    assert (folder / "reports" / "mine.txt").read_text() == "kept"


def test_folder_of_reports_that_the_user_made_a_link_outside_is_written_to(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    done = scan(folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "disk" / "assessment.json").is_file()


def test_install_starts_no_program_of_where_it_is_run(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    arm(folder, canary)
    arm(folder / "bin", canary)
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", ROOT / "ci" / "install.sh"],
        cwd=folder,
        env={"PATH": f".:{folder}/bin::/usr/bin:/bin", "MLSEC_HOME": str(tmp_path / "new"),
             "MLSEC_LOCK": "none"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert 'MLSEC_LOCK is "none"' in done.stderr
    assert not canary.exists()
