"""Whoever writes one repository ends the failures that the history has of another.

Two repositories are scanned as ``.`` into one history. They were one series: the failures of one
counted as no longer seen when the other was scanned. What a hostile one gains: with files of the
same names that pass, the other's failures count as fixed, and nobody looks at them again.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from mlsec.history.store import History
from mlsec.targets.identity import identity_of
from tests.attacks.limited import EASY, run_here
from tests.repository.changes.repositories import git, repository

_BAD = "FROM vllm/vllm-openai:latest\nUSER root\n"
_GOOD = "FROM scratch\nUSER 1000\n"
CI = ("GITHUB_", "CI_", "BUILD_", "BITBUCKET_", "WORKSPACE", "GIT_URL")


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(CI)]:
        monkeypatch.delenv(name)


def scan(folder: Path, history: Path, target: str = ".", **more: str) -> None:
    words = ("scan", target, "--history", str(history), *EASY, "-f", "json")
    ended = run_here(*words, cwd=folder, **more)
    assert ended.code == 0, ended.err
    time.sleep(1)  # a scan of the same second is the same scan to a history


def series(history: Path) -> dict[tuple[str, ...], list[dict[str, int]]]:
    """What changed in the scans of each series."""
    with History(history) as opened:
        result: dict[tuple[str, ...], list[dict[str, int]]] = {}
        for past in opened.scans():
            result.setdefault(past.targets, []).append(dict(past.changes))
        return result


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "h.db"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return repository(tmp_path / "ours", {"Dockerfile": _BAD})


@pytest.fixture
def hostile(tmp_path: Path, ours: Path) -> Path:
    """A fork: the same first commit, files and branches, and settings that say the same."""
    shutil.copytree(ours, tmp_path / "hostile")
    (tmp_path / "hostile" / "Dockerfile").write_text(_GOOD)
    return tmp_path / "hostile"


@pytest.mark.parametrize("remote", ["", "https://git.example/team/ours.git"])
def test_repository_of_the_same_name_does_not_end_the_failures_of_another(
    remote: str, ours: Path, hostile: Path, history: Path
) -> None:
    if remote:
        for folder in (ours, hostile):
            git(folder, "remote", "add", "origin", remote)
    scan(ours, history)
    with History(history) as opened:
        before = [state.state for state in opened.open_failures()]
    assert before
    scan(hostile, history)
    scan(ours, history)
    with History(history) as opened:
        assert len([s for s in opened.open_failures() if s.first_scan == 1]) == len(before)
    seen = series(history)
    assert len(seen) == 2
    again = next(scans for scans in seen.values() if len(scans) == 2)[1]
    assert again == {"unchanged": len(before)}


def test_same_repository_by_another_path_on_a_runner_is_the_same(
    ours: Path, tmp_path: Path, history: Path
) -> None:
    shutil.copytree(ours, tmp_path / "runner-2" / "x")
    for folder in (ours, tmp_path / "runner-2" / "x"):
        scan(folder, history, GITHUB_WORKSPACE=str(folder), GITHUB_REPOSITORY="team/ours",
             GITHUB_SERVER_URL="https://git.example")  # fmt: skip
    ((names, scans),) = series(history).items()
    assert names == (". (https://git.example/team/ours)",)
    assert [*scans[1]] == ["unchanged"]


def test_clone_beside_the_jobs_own_repository_is_another(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(ours))
    monkeypatch.setenv("CI_PROJECT_URL", "https://git.example/team/ours")
    names = set()
    for remote in ("https://u:secret@git.example/a.git?token=secret", "git@git.example:b.git"):
        inner = repository(ours / "inner", {"a": "x"})
        git(inner, "remote", "add", "origin", remote)
        names.add(identity_of(inner))
        names.add(identity_of(inner / "a"))
        shutil.rmtree(inner)
    assert identity_of(ours) == "https://git.example/team/ours"
    assert names == {
        "https://git.example/team/ours#inner https://git.example/a",
        "https://git.example/team/ours#inner/a https://git.example/a",
        "https://git.example/team/ours#inner git@git.example:b",
        "https://git.example/team/ours#inner/a git@git.example:b",
    }
    assert identity_of(tmp_path / "hostile").startswith("folder@")


def test_place_and_remote_both_count_and_links_to_a_place_do_not(
    ours: Path, tmp_path: Path
) -> None:
    first = identity_of(ours)
    assert first.startswith("folder@")
    (tmp_path / "link").symlink_to(ours)
    assert identity_of(tmp_path / "link") == first
    git(ours, "remote", "add", "origin", "https://token@git.example/team/ours.git")
    second = identity_of(ours)
    assert second == f"https://git.example/team/ours@{first.partition('@')[2]}"
    git(ours, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert identity_of(tmp_path / "tree").startswith("https://git.example/team/ours@")
    (ours / ".git" / "config").write_bytes(b'\xff[remote "origin"]\nurl = a\x1b[2J\xff' * 9)
    assert "\x1b" not in identity_of(ours)
    assert identity_of(ours) != second
