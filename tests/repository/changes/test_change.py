"""What counts as changed: against the merge base, committed or not, added, moved or taken away."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.repository.changes.change import Change, open_change
from tests.repository.changes.repositories import commit, git, repository

FILES = {"a.tf": "# a\n", "b.tf": "# b\n", "gone.tf": "# g\n", "m/w.bin": "w", "m/x/v.bin": "v"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", FILES)
    git(made, "checkout", "-q", "-b", "feature")
    return made


def since(folder: Path, revision: str = "main") -> Change:
    """What ``folder`` has that the revision had not."""
    return open_change([str(folder)], revision)


def changed(folder: Path, *names: str) -> set[str]:
    """Which of the names are changed, those of the fixture by default."""
    change = since(folder)
    return {name for name in names or FILES if change.is_changed(name)}


def test_committed_uncommitted_new_and_deleted_files_are_changed(folder: Path) -> None:
    assert changed(folder) == set()
    commit(folder, {"a.tf": "# other\n", "gone.tf": ""})
    (folder / "b.tf").write_text("# not committed\n")
    (folder / "new.tf").write_text("# not added\n")
    assert changed(folder, *FILES, "new.tf") == {"a.tf", "b.tf", "gone.tf", "new.tf"}


def test_what_the_other_branch_did_meanwhile_is_not_our_change(folder: Path) -> None:
    commit(folder, {"a.tf": "# ours\n"})
    git(folder, "checkout", "-q", "main")
    commit(folder, {"b.tf": "# theirs\n"})
    git(folder, "checkout", "-q", "feature")
    assert changed(folder) == {"a.tf"}


def test_change_that_was_taken_back_is_none(folder: Path) -> None:
    commit(folder, {"a.tf": "# other\n"})
    commit(folder, {"a.tf": "# a\n"})
    assert changed(folder) == set()


def test_line_ends_of_the_checkout_are_no_change(folder: Path) -> None:
    (folder / "a.tf").write_bytes(b"# a\r\n")
    assert changed(folder) == set()


def test_file_kept_by_lfs_is_the_one_that_its_pointer_names(folder: Path) -> None:
    body = b"weights" * 999
    digest = hashlib.sha256(body).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(body)}\n"
    git(folder, "checkout", "-q", "main")
    commit(folder, {"big.bin": pointer})
    git(folder, "checkout", "-q", "-b", "next")
    (folder / "big.bin").write_bytes(body)
    assert changed(folder, "big.bin") == set()
    (folder / "big.bin").write_bytes(body[:-1] + b"!")
    assert changed(folder, "big.bin") == {"big.bin"}


def test_link_is_the_same_while_it_leads_to_the_same(folder: Path) -> None:
    git(folder, "checkout", "-q", "main")
    (folder / "l.tf").symlink_to("a.tf")
    commit(folder, {})
    git(folder, "checkout", "-q", "-b", "next")
    assert changed(folder, "l.tf") == set()
    (folder / "l.tf").unlink()
    (folder / "l.tf").symlink_to("b.tf")
    assert changed(folder, "l.tf") == {"l.tf"}
    (folder / "l.tf").unlink()
    (folder / "l.tf").write_text("a.tf")
    assert changed(folder, "l.tf") == {"l.tf"}


def test_name_that_cannot_be_shown_as_it_is_is_found_again(folder: Path) -> None:
    git(folder, "checkout", "-q", "main")
    commit(folder, {"bad\x1bname.tf": "# x\n"})
    git(folder, "checkout", "-q", "-b", "next")
    assert changed(folder, "bad\\u001bname.tf") == set()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda root: None, False),
        (lambda root: (root / "m" / "x" / "v.bin").write_text("other"), True),
        (lambda root: (root / "m" / "x" / "v.bin").unlink(), True),
        (lambda root: (root / "m" / "x" / "sig").write_text("new"), True),
        (lambda root: (root / "a.tf").write_text("elsewhere"), False),
    ],
    ids=["nothing", "a file below", "one gone", "one more", "elsewhere"],
)
def test_folder_of_files_is_touched_by_whatever_lies_below_it(
    act: object, expected: bool, folder: Path
) -> None:
    act(folder)  # type: ignore[operator]
    assert since(folder).touches(f"{folder}/m/", "m/w.bin") is expected


def test_ids_of_a_target_below_the_root_are_found_in_the_repository(folder: Path) -> None:
    (folder / "m" / "w.bin").write_text("other")
    change = since(folder / "m")
    assert change.touches_subject(f"{folder}/m/w.bin:3:7")
    assert change.touches_subject(f"{folder}/m/w.bin!/inner")
    assert not change.touches_subject(f"{folder}/m/x/v.bin:3")
    assert change.touches_subject("eu-west-1")


def test_targets_lie_in_one_repository(folder: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other", {"a.tf": "# a\n"})
    with pytest.raises(MlsecError, match="one git repository"):
        open_change([str(folder), str(other)], "HEAD")
    (tmp_path / "plain").mkdir()
    with pytest.raises(MlsecError, match="needs a folder of a git repository"):
        open_change([str(tmp_path / "plain")], "HEAD")
