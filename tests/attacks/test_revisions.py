"""Whoever may push a tag or a branch decides with what a pull request is compared.

git takes the first of several things that a name fits, a tag before a branch, and says so in a
warning only. A tag named ``origin/main`` on the hostile commit makes it its own base: nothing is
changed, and the gate of ``--changed-since origin/main`` is green.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.repository.changes.change import open_change
from mlsec.repository.changes.revision import HISTORY
from tests.e2e import runs
from tests.e2e.test_bad_input import complaint
from tests.repository.changes.repositories import commit, git, repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone: ``origin/main`` is the base, and ``feature`` changes a file."""
    origin = repository(tmp_path / "origin", {"a.bicep": "param a string\n"})
    git(tmp_path, "clone", "-q", str(origin), "repo")
    made = tmp_path / "repo"
    git(made, "checkout", "-q", "-b", "feature")
    commit(made, {"a.bicep": "param a int\n"})
    return made


def compared(folder: Path, revision: str) -> str:
    return open_change([str(folder)], revision).resolved_commit


SHADOWS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "tag": ("origin/main", lambda at: git(at, "tag", "origin/main")),
    "annotated tag": ("origin/main", lambda at: git(at, "tag", "-m", "x", "origin/main")),
    "branch": ("origin/main", lambda at: git(at, "branch", "origin/main")),
    "full name below branches": (
        "refs/remotes/origin/main", lambda at: git(at, "branch", "refs/remotes/origin/main"),
    ),
    "ref of no kind": ("origin/main", lambda at: git(at, "update-ref", "refs/origin/main", "HEAD")),
    "tag beside a branch": ("main", lambda at: git(at, "tag", "main")),
    "with steps": ("main~0", lambda at: git(at, "tag", "main")),
    "remote of that name": (
        "main", lambda at: git(at, "update-ref", "refs/remotes/main/HEAD", "HEAD"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("shadow", SHADOWS)
def test_name_that_fits_several_commits_is_refused_with_all_of_them(
    shadow: str, folder: Path
) -> None:
    revision, cast = SHADOWS[shadow]
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    head = git(folder, "rev-parse", "HEAD")
    assert compared(folder, revision) == base
    cast(folder)
    with pytest.raises(MlsecError, match="is ambiguous") as caught:
        open_change([str(folder)], revision)
    assert base in str(caught.value)
    assert head in str(caught.value)


def test_full_name_says_which_one_is_meant(folder: Path) -> None:
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    git(folder, "tag", "origin/main")
    assert compared(folder, "refs/remotes/origin/main") == base
    assert compared(folder, "remotes/origin/main") == base
    assert compared(folder, "refs/tags/origin/main") == git(folder, "rev-parse", "HEAD")


def test_tag_and_branch_of_one_commit_are_the_same_answer(folder: Path) -> None:
    git(folder, "tag", "origin/main", "refs/remotes/origin/main")
    assert compared(folder, "origin/main") == git(folder, "rev-parse", "refs/remotes/origin/main")


def test_branch_is_not_taken_for_the_short_id_of_a_commit_nor_a_tag_for_a_whole_one(
    folder: Path,
) -> None:
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    assert compared(folder, base[:9]) == compared(folder, base[:9].upper()) == base
    assert compared(folder, f"v1-2-g{base[:9]}") == base
    git(folder, "branch", base[:9])
    with pytest.raises(MlsecError, match=f"refs/heads/{base[:9]} is .*{base} is {base}"):
        open_change([str(folder)], base[:9])
    git(folder, "update-ref", f"refs/tags/{base}", "HEAD")
    assert compared(folder, base) == base


def test_head_is_what_is_checked_out(folder: Path) -> None:
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    head = git(folder, "rev-parse", "HEAD")
    assert compared(folder, "HEAD") == compared(folder, "@") == head
    assert compared(folder, "HEAD~1") == compared(folder, "@^") == compared(folder, "@^1^0") == base
    git(folder, "update-ref", "refs/tags/HEAD", base)
    assert open_change([str(folder)], base).is_changed("a.bicep")
    with pytest.raises(MlsecError, match="ambiguous"):
        open_change([str(folder)], "HEAD")


def test_upstream_is_that_of_the_branch(folder: Path) -> None:
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    git(folder, "branch", "-q", "--set-upstream-to=origin/main")
    git(folder, "tag", "origin/main")
    git(folder, "tag", "feature")
    for revision in ("@{upstream}", "@{u}", "feature@{upstream}", "HEAD@{U}", "main@{u}"):
        change = open_change([str(folder)], revision)
        assert (change.resolved_commit, change.resolved) == (base, "refs/remotes/origin/main")
    with pytest.raises(MlsecError, match="knows no revision"):
        open_change([str(folder)], "no-such@{upstream}")


@pytest.mark.parametrize(
    "revision",
    [":/hostile", "HEAD^{/x}", ":a.bicep", "main..HEAD", "^main", "HEAD@{1}", "@{-1}", "main@{now}",
     "--all", "-", "*", "refs/heads/*", "ma?n", "a\nb", " main", "", "~1", "@{}", "HEAD^{tree}",
     "origin/main\x00", "refs/heads/"],
)  # fmt: skip
def test_search_range_pattern_log_or_option_is_no_name_of_a_commit(
    revision: str, folder: Path
) -> None:
    commit(folder, {"b.bicep": "param b string\n"}, message="hostile")
    with pytest.raises(MlsecError, match="knows no revision") as caught:
        open_change([str(folder)], revision)
    assert caught.value.hint == HISTORY


def test_report_says_which_commits_were_compared_and_how_they_were_found(
    folder: Path, tmp_path: Path
) -> None:
    base = git(folder, "rev-parse", "refs/remotes/origin/main")
    out = tmp_path / "out"
    done = runs.in_child("scan", folder, "--changed-since", "origin/main", "-o", out,
                      "-f", "json,markdown,sarif,html")  # fmt: skip
    assert done.returncode == 11, done.stderr
    limit = json.loads((out / "assessment.json").read_text())["limit"]
    assert limit["resolved"] == "refs/remotes/origin/main"
    assert limit["resolved_commit"] == limit["commit"] == base
    for name in ("summary.md", "results.sarif", "report.html"):
        assert (
            f"since origin/main (refs/remotes/origin/main, commit {base})"
            in (out / name).read_text()
        ), name
    git(folder, "tag", "origin/main")
    complaint(runs.in_child("scan", folder, "--changed-since", "origin/main"), "ambiguous", base)
