"""The commit of a scanned repository: of a branch, packed, detached, and of hostile files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlsec.targets.checked_out import commit_of

COMMIT = "1" * 40
OTHER = "2" * 40


def repository(root: Path, **files: str) -> Path:
    for name, text in {"HEAD": "ref: refs/heads/main\n", **files}.items():
        file = root / ".git" / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_commit_of_a_branch_is_read(tmp_path: Path) -> None:
    root = repository(tmp_path, refs__heads__main=f"{COMMIT}\n")
    (root / "inside").mkdir()
    assert commit_of(root / "inside") == COMMIT


def test_packed_branch_is_found_by_its_whole_name(tmp_path: Path) -> None:
    packed = f"{OTHER} refs/remotes/origin/refs/heads/main2\n{COMMIT} refs/heads/main\n"
    assert commit_of(repository(tmp_path, **{"packed-refs": packed})) == COMMIT


def test_detached_head_is_its_own_commit(tmp_path: Path) -> None:
    assert commit_of(repository(tmp_path, HEAD=f"{COMMIT}\n")) == COMMIT


@pytest.mark.parametrize(
    "head",
    ["ref: refs/heads/../../../secret", "ref: /etc/passwd", "<script>", "", "ref: refs/heads/x"],
)
def test_what_is_no_commit_is_not_shown(head: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    assert commit_of(repository(tmp_path, HEAD=head)) == ""


def test_pipe_in_the_place_of_a_file_does_not_wait(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / ".git" / "HEAD").unlink()
    os.mkfifo(root / ".git" / "HEAD")
    assert commit_of(root) == ""


def test_folder_outside_of_a_repository_has_none(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
