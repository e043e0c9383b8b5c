"""Whoever writes the repository decides where our files go.

They commit a link under the name that the reports of a scan have in that repository (``out``,
``mlsec-reports``), or one of the files in it. What they gain: a scan with the rights of a CI job or
of an administrator writes into, or over, a file of their choice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.limited import EASY, run_here
from tests.e2e.test_bad_input import complaint
from tests.repository.changes.repositories import git, repository
from tests.signing.workshop import RELEASE, private_pem

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", {"main.bicep": "param a string\n", "models/w.txt": "w"})
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "precious").write_text("precious")
    return made


@pytest.fixture
def evidence(folder: Path, tmp_path: Path) -> Path:
    """The evidence and the reports of an earlier scan, outside."""
    done = run("scan", folder, "-o", tmp_path / "before", *EASY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "before"


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    ended = run_here(*words, cwd=cwd)
    return subprocess.CompletedProcess(words, ended.code, ended.out.decode(), ended.err)


def untouched(tmp_path: Path) -> bool:
    victim = tmp_path / "victim"
    names = [path.name for path in victim.rglob("*")]
    return names == ["precious"] and (victim / "precious").read_text() == "precious"


LINKS = {
    "the folder": ("out", "out"),
    "a folder above": ("a", "a/out"),
    "a folder that is not there yet": ("out", "out/new/deep"),
    "by way of a link outside": ("out", "../elsewhere/deep"),
    "upwards": ("a", "a/../out"),
}


@pytest.mark.parametrize("case", LINKS)
@pytest.mark.parametrize("target", [".", "models"], ids=["the repository", "a folder of it"])
def test_reports_follow_no_link_of_the_repository(
    case: str, target: str, folder: Path, tmp_path: Path
) -> None:
    link, out = LINKS[case]
    (folder / link).symlink_to(tmp_path / "victim")
    (tmp_path / "elsewhere").symlink_to(folder / "out")
    complaint(run("scan", target, "-o", out, cwd=folder), "is a link in the repository")
    absolute = run("scan", folder / target, "-o", folder / out, cwd=tmp_path)
    complaint(absolute, "is a link in the repository")
    assert untouched(tmp_path)


@pytest.mark.parametrize("name", ["report.html", "assessment.json", "SHA256SUMS", "evidence.mlsnap",
                                  "evidence.mlsnap.draft", "results.sarif"])  # fmt: skip
def test_report_that_is_a_link_is_replaced_and_not_followed(
    name: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "out").mkdir()
    (folder / "out" / name).symlink_to(tmp_path / "victim" / "precious")
    done = run("scan", ".", "-o", "out", *EASY, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not (folder / "out" / name).is_symlink()
    assert untouched(tmp_path)


def test_report_with_another_name_is_replaced_and_its_other_name_kept(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "out").mkdir()
    os.link(tmp_path / "victim" / "precious", folder / "out" / "report.html")
    done = run("scan", ".", "-o", "out", *EASY, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert untouched(tmp_path)


def test_part_that_is_a_link_is_not_gone_on_with(folder: Path, tmp_path: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "evidence.mlsnap.part").symlink_to(tmp_path / "victim" / "precious")
    for more in ((), ("--resume",)):
        assert run("scan", ".", "-o", "out", *more, *EASY, cwd=folder).returncode == 2
        assert untouched(tmp_path)
        assert not (folder / "out" / "report.html").exists()


@pytest.mark.parametrize("is_new", [True, False], ids=["to nothing", "to a file"])
def test_history_is_no_link_of_the_repository(
    is_new: bool, folder: Path, tmp_path: Path, evidence: Path
) -> None:
    victim = tmp_path / "victim.db"
    if not is_new:
        run("scan", folder, "--history", victim, *EASY, cwd=tmp_path)
    before = victim.read_bytes() if victim.exists() else b""
    (folder / "history.db").symlink_to(victim)
    (folder / "sub").symlink_to(tmp_path)
    for name in ("history.db", "sub/victim.db"):
        done = run("scan", ".", "--history", name, *EASY, cwd=folder)
        complaint(done, "is a link in the repository")
    assert (victim.read_bytes() if victim.exists() else b"") == before


def test_history_with_another_name_is_not_written_in_the_repository(
    folder: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.db"
    run("scan", folder, "--history", victim, *EASY, cwd=tmp_path)
    before = victim.read_bytes()
    os.link(victim, folder / "history.db")
    complaint(run("scan", ".", "--history", "history.db", *EASY, cwd=folder), "another name")
    assert victim.read_bytes() == before


WRITERS: dict[str, Callable[[Path], list[str | Path]]] = {
    "collect": lambda at: ["collect", ".", "-o", "out/x.mlsnap"],
    "report": lambda at: ["report", at, "-o", "out"],
    "report below": lambda at: ["report", at, "-o", "out/deep"],
    "snapshot export": lambda at: ["snapshot", "export", at / "evidence.mlsnap", "-o", "out"],
    "snapshot import": lambda at: ["snapshot", "import", at.parent / "twin", "-o", "out/x.mlsnap"],
    "scan evidence": lambda at: ["scan", at / "evidence.mlsnap", "-o", "out", *EASY],
    "rules new": lambda at: ["rules", "new", "s3/x-public", "--resource", "aws.s3.bucket",
                             "--rules", "out"],
    "sign": lambda at: ["sign", "models", "--key", at.parent / "key", "-o", "out/x.sig"],
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
def test_no_command_writes_through_a_link_of_the_repository_it_runs_in(
    writer: str, folder: Path, tmp_path: Path, evidence: Path
) -> None:
    (tmp_path / "key").write_bytes(private_pem(RELEASE))
    run("snapshot", "export", evidence / "evidence.mlsnap", "-o", tmp_path / "twin", cwd=tmp_path)
    (folder / "out").symlink_to(tmp_path / "victim")
    words = WRITERS[writer](evidence)
    complaint(run(*words, cwd=folder), "is a link in the repository")
    assert untouched(tmp_path)
    # The same words write where no link is.
    (folder / "out").unlink()
    (folder / "out").mkdir()
    done = run(*words, cwd=folder)
    assert done.returncode in (0, 11), done.stderr


def test_link_of_the_users_own_outside_of_the_target_is_followed(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    (tmp_path / "h.db").symlink_to(tmp_path / "disk" / "h.db")
    run("scan", folder, "--history", tmp_path / "disk" / "h.db", *EASY, cwd=tmp_path)
    words = ("-o", "out/new", "--history", "h.db")
    done = run("scan", folder, *words, *EASY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "disk" / "new" / "report.html").is_file()


def test_plain_folder_in_the_target_is_written_to(folder: Path) -> None:
    done = run("scan", ".", "-o", "out/deep", "--history", "h.db", *EASY, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "deep" / "report.html").is_file()


def test_target_that_the_user_names_by_a_link_may_hold_the_reports(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(private_pem(RELEASE))
    (folder / "latest").symlink_to("models")
    git(folder, "add", "-A")
    done = run("sign", "latest", "--key", tmp_path / "key", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "models" / "model.sig").is_file()
