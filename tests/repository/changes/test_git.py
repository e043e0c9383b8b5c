"""A repository's settings may be an attack: git is asked, and nothing of theirs is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.repository.changes.before import record_before
from mlsec.repository.changes.change import open_change
from mlsec.repository.changes.git import Git
from mlsec.snapshot.store import Snapshot
from tests.repository.changes.repositories import arm, commit, git, repository


@pytest.fixture
def armed(tmp_path: Path) -> tuple[Path, Path]:
    folder = repository(tmp_path / "repo", {"a.tf": "# a\n", "b.tf": "# b\n"})
    git(folder, "branch", "base")
    commit(folder, {"a.tf": "# changed\n"})
    canaries = tmp_path / "canaries"
    arm(folder, canaries)
    return folder, canaries


def lose(folder: Path, name: str) -> str:
    """Take a file's object out of the repository, as in a clone that has only a part of them."""
    found = git(folder, "rev-parse", f"base:{name}")
    (folder / ".git" / "objects" / found[:2] / found[2:]).unlink()
    return found


def test_settings_are_armed_so_that_git_itself_starts_programs(armed: tuple[Path, Path]) -> None:
    folder, canaries = armed
    lost = lose(folder, "b.tf")
    git(folder, "config", "--unset", "core.worktree")
    (folder / "a.tf").write_text("# other\n")
    git(folder, "status", must=False)
    git(folder, "diff", "base", must=False)
    git(folder, "cat-file", "-p", lost, must=False)
    assert {each.name for each in canaries.iterdir()} >= {"fsmonitor", "transport"}
    assert {each.name for each in canaries.iterdir()} & {"clean", "process"}


def test_nothing_of_them_is_started(armed: tuple[Path, Path], tmp_path: Path) -> None:
    folder, canaries = armed
    change = open_change([str(folder)], "base")
    assert change.is_changed("a.tf")
    assert not change.is_changed("b.tf")
    with Snapshot.create(tmp_path / "x.mlsnap") as snapshot:
        record_before(change, snapshot)
        assert len(list(snapshot.calls())) == 2
    assert list(canaries.iterdir()) == []


def test_missing_object_is_not_fetched(armed: tuple[Path, Path], tmp_path: Path) -> None:
    folder, canaries = armed
    lose(folder, "b.tf")
    change = open_change([str(folder)], "base")
    with Snapshot.create(tmp_path / "x.mlsnap") as snapshot:
        record_before(change, snapshot)
        assert [call.params for call in snapshot.calls()] == [f'{{"file":"{folder}/a.tf"}}']
    assert list(canaries.iterdir()) == []


@pytest.mark.parametrize(
    "revision", ["--output=/tmp/x", "-h", "", "no-such", "main:a.tf", "HEAD^{tree}", "a\x1b[31m"]
)
def test_revision_is_a_name_and_never_an_option(revision: str, armed: tuple[Path, Path]) -> None:
    folder, _ = armed
    with pytest.raises(MlsecError, match="knows no revision") as caught:
        open_change([str(folder)], revision)
    assert "fetch-depth: 0" in caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_replaced_objects_hide_no_change(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo", {"a.tf": "# a\n"})
    base = git(folder, "rev-parse", "HEAD")
    head = commit(folder, {"a.tf": "# changed\n"})
    git(folder, "replace", base, head)
    assert open_change([str(folder)], base).is_changed("a.tf")


def test_git_that_lies_in_the_scanned_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "repo", {"git": "#!/bin/sh\n"})
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MlsecError, match="is in the scanned folder"):
        Git(folder)


def test_bare_repository_below_the_folder_is_not_taken_for_it(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo", {"x/y.tf": "# y\n"})
    git(folder, "init", "-q", "--bare", "x")
    commit(folder / "x" / "..", {"z.tf": "# z\n"})
    assert not open_change([str(folder / "x")], "HEAD").is_changed("x/y.tf")


def test_too_much_said_is_refused(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo", {"a.tf": "# a\n"})
    with pytest.raises(MlsecError, match="more than 3 bytes"):
        Git(folder).ask("rev-parse", "HEAD", limit_bytes=3)


def test_history_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo", {"a.tf": "# a\n"})
    git(folder, "checkout", "-q", "--orphan", "alone")
    commit(folder, {"b.tf": "# b\n"})
    with pytest.raises(MlsecError, match="no commit in common") as caught:
        open_change([str(folder)], "main")
    assert "GIT_DEPTH" in caught.value.hint
