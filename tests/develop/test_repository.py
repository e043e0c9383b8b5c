"""The owner of the repository is named in pyproject.toml, and carried from there."""

from __future__ import annotations

import subprocess

from docs.repository import FILES, ROOT, address, with_address

OTHER = "https://github.com/acme-2/mlsec"
OWNER = address().split("/")[-2]
GENERATED = "docs/ci/github-schedule.yml"


def test_another_owner_is_carried_to_every_place_and_back() -> None:
    for name in (*FILES, GENERATED):
        text = (ROOT / name).read_text()
        moved = with_address(text, OTHER)
        assert f"{OWNER}/mlsec" not in moved, name
        assert "acme-2/mlsec" in moved, name
        assert with_address(moved, address()) == text, name


def test_no_other_file_names_the_owner() -> None:
    words = ["git", "grep", "--untracked", "-l", "--fixed-strings", f"{OWNER}/mlsec"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert {*done.stdout.split()} == {*FILES, GENERATED, "pyproject.toml"}
