"""Whoever writes the repository has their own program run as checkov, git or a cloud's helper.

They commit ``.venv-checkov/bin/checkov`` (we look beside our own environment, which many keep in
the repository), or a ``git`` in a folder that an activated environment puts on PATH; or they put it
where everybody may write. What they gain: their program runs with the rights of the scan.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mlsec.core import foreign, programs
from mlsec.core.errors import MlsecError
from tests.e2e import runs
from tests.e2e.test_bad_input import complaint
from tests.repository.changes.repositories import commit, git, repository
from tests.repository.checkov.said import report, said

ROOT = Path(__file__).resolve().parents[2]
STARTERS = {"Popen", "run", "call", "check_call", "check_output", "system", "popen", "execv",
            "execve", "execvp", "posix_spawn", "posix_spawnp", "create_subprocess_exec",
            "create_subprocess_shell", "getoutput", "startfile", "which"}  # fmt: skip


def plant(path: Path, canary: Path, says: bytes = b"") -> Path:
    """A program that leaves a canary, and says something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    word = path.with_name(path.name + ".said")
    word.write_bytes(says)
    path.write_text(f"#!/bin/sh\n/usr/bin/touch {canary}\n/bin/cat {word}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo", {"main.tf": "# a\n", "models/x.tf": "# x\n"})


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def scan(*words: str | Path, python: str | Path = sys.executable, cwd: Path = ROOT,
         **more: str) -> subprocess.CompletedProcess[str]:  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if k not in ("MLSEC_CHECKOV", "PYTHONPATH")}
    return subprocess.run(  # noqa: S603 - our own command
        [python, "-I", "-m", "mlsec", "scan", *map(str, words)],
        cwd=cwd, env={**kept, **more}, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def environment_in(folder: Path) -> Path:
    """Install mlsec as a user would who keeps the environment in the repository."""
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder / ".venv")],
        check=True,
    )
    (site,) = (folder / ".venv").glob("lib/python3*/site-packages")
    (site / "all.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return folder / ".venv" / "bin" / "python"


@pytest.mark.parametrize("target", [".", "models"], ids=["the repository", "a folder of it"])
def test_checkov_that_the_repository_brings_is_not_run(
    target: str, folder: Path, canary: Path
) -> None:
    plant(folder / ".venv-checkov" / "bin" / "checkov", canary, said(report()))
    words = (folder / target, "--with", "checkov")
    done = scan(*words, python=environment_in(folder), PATH="/usr/bin:/bin")
    assert done.returncode == 2, done.stderr
    assert not canary.exists()


def test_checkov_beside_an_environment_elsewhere_is_run(
    folder: Path, tmp_path: Path, canary: Path
) -> None:
    plant(tmp_path / "tools" / ".venv-checkov" / "bin" / "checkov", canary, said(report()))
    (tmp_path / "tools").chmod(0o755)
    python = environment_in(tmp_path / "tools")
    done = scan(folder, "--with", "checkov", "--fail-on", "none", "--min-coverage", "0",
                python=python, PATH="/usr/bin:/bin")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert canary.exists()


def _link_in_target(folder: Path, elsewhere: Path) -> str:
    (folder / "bin").mkdir()
    (folder / "bin" / "checkov").symlink_to(elsewhere / "checkov")
    return str(folder / "bin")


def _link_to_target(folder: Path, elsewhere: Path) -> str:
    plant(folder / "checkov", folder.parent / "canary")
    (elsewhere / "checkov").unlink()
    (elsewhere / "checkov").symlink_to(folder / "checkov")
    return str(elsewhere)


def _link_by_target(folder: Path, elsewhere: Path) -> str:
    (folder / "tools").symlink_to(elsewhere)
    (elsewhere.parent / "links").symlink_to(folder / "tools")
    return str(elsewhere.parent / "links")


def _open_to_all(folder: Path, elsewhere: Path) -> str:
    elsewhere.chmod(0o777)
    return str(elsewhere)


def _sticky(folder: Path, elsewhere: Path) -> str:
    elsewhere.chmod(0o1777)
    return str(elsewhere)


def _below_open(folder: Path, elsewhere: Path) -> str:
    (elsewhere / "in").mkdir(mode=0o755)
    (elsewhere / "checkov").rename(elsewhere / "in" / "checkov")
    elsewhere.chmod(0o777)
    return str(elsewhere / "in")


def _writable_file(folder: Path, elsewhere: Path) -> str:
    (elsewhere / "checkov").chmod(0o777)
    return str(elsewhere)


PLACES = (
    _link_in_target, _link_to_target, _link_by_target, _open_to_all, _sticky, _below_open,
    _writable_file,
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.strip("_"))
@pytest.mark.parametrize("how", ["PATH", "--checkov", "MLSEC_CHECKOV"])
def test_program_that_others_may_have_put_there_is_not_run(
    how: str, place: object, folder: Path, tmp_path: Path, canary: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    plant(elsewhere / "checkov", canary, said(report()))
    found = place(folder, elsewhere)  # type: ignore[operator]
    words: list[str | Path] = [folder, "--with", "checkov"]
    more = {"PATH": f"{found}:/usr/bin:/bin"} if how == "PATH" else {"PATH": "/usr/bin:/bin"}
    if how == "--checkov":
        words += ["--checkov", f"{found}/checkov"]
    elif how == "MLSEC_CHECKOV":
        more["MLSEC_CHECKOV"] = f"{found}/checkov"
    # From an environment that has no checkov beside it.
    done = scan(*words, python=environment_in(tmp_path / "own"), **more)
    complaint(done, "so it is not run")
    assert not canary.exists()


@pytest.mark.parametrize("entry", [".", "", "bin", "./bin", "../repo/bin"])
def test_relative_entry_of_path_is_passed_over(entry: str, folder: Path, canary: Path) -> None:
    plant(folder / "bin" / "git", canary)
    plant(folder / "git", canary)
    plant(folder / "bin" / "checkov", canary, said(report()))
    done = scan(".", "--changed-since", "HEAD", "--fail-on", "none", "--min-coverage", "0",
                cwd=folder, PATH=f"{entry}:/usr/bin:/bin")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not canary.exists()


def test_git_of_the_target_is_passed_over_for_that_of_the_system(
    folder: Path, tmp_path: Path, canary: Path
) -> None:
    plant(folder / "bin" / "git", canary)
    commit(folder, {"main.tf": "# b\n"})
    done = scan(folder, "--changed-since", "HEAD~1", "--fail-on", "none", "--min-coverage", "0",
                PATH=f"{folder}/bin:/usr/bin:/bin")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert git(folder, "rev-parse", "HEAD~1") in done.stdout
    assert not canary.exists()


def test_what_the_sdks_of_clouds_start_is_not_searched_in_the_target(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    listed = [f"{folder}/bin", ".", "", "relative", f"{tmp_path}/own", "/usr/bin"]
    monkeypatch.setenv("PATH", os.pathsep.join(listed))
    foreign.distrust([folder / "models"])
    programs.use_safe_path()
    assert os.environ["PATH"] == f"{tmp_path}/own:/usr/bin"
    monkeypatch.setenv("PATH", "")
    programs.use_safe_path()
    assert os.environ["PATH"] == programs.USUAL_PATH
    with pytest.raises(MlsecError, match="was not found on PATH"):
        programs.find_program("no-such-program", "install it")


def test_programs_get_a_minimal_environment_and_a_folder_of_their_own(
    folder: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    tool = tmp_path / "tools" / "git"
    tool.parent.mkdir(mode=0o755)
    tool.write_text(f'#!/bin/sh\n/bin/pwd >{seen}\n/usr/bin/env >>{seen}\nexec /usr/bin/git "$@"\n')
    tool.chmod(0o755)
    done = scan(folder, "--changed-since", "HEAD", cwd=folder, PATH=f"{tool.parent}:/usr/bin:/bin",
                SOME_CANARY="x", GIT_DIR="/x", GIT_EXEC_PATH=str(folder), GITHUB_TOKEN="x",
                GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="a.x", GIT_CONFIG_VALUE_0="!x")  # fmt: skip
    assert done.returncode in (0, 11), done.stderr
    told = seen.read_text().splitlines()
    assert told[0] == "/"
    names = {line.partition("=")[0] for line in told[1:]}
    assert not names & {"GIT_DIR", "GIT_EXEC_PATH", "GITHUB_TOKEN", "GIT_CONFIG_COUNT"}
    assert not any("CANARY" in name for name in names)


def test_every_start_of_a_program_names_environment_and_folder_and_no_other_search_is_made() -> (
    None
):
    starts = []
    for path in sorted((ROOT / "mlsec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = ast.unparse(node.func.value)
            is_loop = (owner, node.func.attr) == ("asyncio", "run")
            owns = owner in ("os", "subprocess", "shutil", "asyncio") and not is_loop
            if node.func.attr in STARTERS and owns:
                starts.append((path.relative_to(ROOT).as_posix(), node))
    assert {name for name, _ in starts} == {
        "mlsec/artifacts/sandbox/worker.py",  # this very interpreter
        "mlsec/iac/rendered/overlay_engine.py",  # likewise
        "mlsec/iac/rendered/overlay_child.py",  # becomes kustomize
        "mlsec/repository/changes/git.py",
        "mlsec/repository/checkov/program.py",
        "mlsec/fleet/process.py",  # this very interpreter
        "mlsec/fleet/reports.py",  # likewise
    }
    for name, node in starts:
        named = {word.arg for word in node.keywords}
        is_named = {"env", "cwd"} <= named or ast.unparse(node.func) == "os.execve"
        assert is_named, name


@pytest.mark.parametrize("where", ["cache", "home", "relative"])
def test_cache_that_the_repository_brings_is_neither_read_nor_written(
    where: str, folder: Path
) -> None:
    more = {
        "cache": {"XDG_CACHE_HOME": str(folder / ".cache")},
        "home": {"HOME": str(folder), "XDG_CACHE_HOME": ""},
        "relative": {"XDG_CACHE_HOME": ".cache", "HOME": str(folder)},
    }[where]
    done = scan(folder, cwd=folder, **more)
    assert done.returncode in (0, 11), done.stderr
    assert not (folder / ".cache").exists()


def test_cache_of_the_user_is_used_unless_others_may_write_it(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    scan(folder, XDG_CACHE_HOME=str(cache))
    assert list((cache / "mlsec").iterdir())
    (tmp_path / "open" / "mlsec").mkdir(parents=True)
    (tmp_path / "open" / "mlsec").chmod(0o777)
    scan(folder, XDG_CACHE_HOME=str(tmp_path / "open"))
    assert not list((tmp_path / "open" / "mlsec").iterdir())


def test_runs_of_these_tests_find_what_they_look_for(folder: Path) -> None:
    assert runs.in_child("scan", folder, "--fail-on", "none", "--min-coverage", "0").returncode == 0
