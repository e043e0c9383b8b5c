"""Somebody who may change a repository adds a Terraform expression that costs without end. The
scan ends in time, but takes its own limit for something that only an apply can know: the gate is
green, and the open notebook beside the expression was never looked at.

Every construct that grows is tried small, where its value has to be known, and large, where a
limit has to be told at its line, while what stands beside it is judged as if it were not there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.measured import scan
from tests.attacks.terraform_bombs import CONSTRUCTS, TARGETS

RULE = "sagemaker/notebook-direct-internet"
NOTEBOOK = """resource "aws_sagemaker_notebook_instance" "{name}" {{
  name                   = "{name}"
  role_arn               = "arn:aws:iam::123456789012:role/x"
  instance_type          = "ml.t3.medium"
  direct_internet_access = {access}
}}
"""


def target(prelude: str, access: str, count: str = "") -> str:
    """A notebook that costs, after one and before another that are open."""
    costly = NOTEBOOK.format(name="costly", access=access).replace("{\n", "{\n" + count, 1)
    return (
        NOTEBOOK.format(name="before", access='"Enabled"')
        + f"locals {{\n{prelude}}}\n"
        + 'resource "aws_kms_key" "k" {}\n'
        + costly
        + NOTEBOOK.format(name="after", access='"Enabled"')
    )


BESIDE = {(RULE, f"aws_sagemaker_notebook_instance.{name}") for name in ("before", "after")}
COSTLY = (RULE, "aws_sagemaker_notebook_instance.costly")


def test_what_costs_too_much_hides_itself_alone(tmp_path: Path) -> None:
    targets = {
        name: {"main.tf": target(prelude(large), access(large))}
        for name, (prelude, access, _, large) in CONSTRUCTS.items()
    }
    ended = scan(tmp_path / "target", targets, "--fail-on", "none")
    ended.check()
    assert ended.code == 11, ended.errors
    wrong = {}
    for name, (prelude, _, _, large) in CONSTRUCTS.items():
        seen = ended.seen[name]
        # Told at its line, and of the value itself: a limit, and not something for an apply.
        places = (place for place in seen.limits if place.startswith("main.tf:"))
        lines = [int(place.rpartition(":")[2]) for place in places]
        last = 6 + 1 + prelude(large).count("\n") + 2 + 5
        is_told = bool(lines) and min(lines) > 6 and max(lines) <= last
        is_limit = seen.unread.get(COSTLY) == {"over_limit"}
        if not (is_told and is_limit and seen.failed >= BESIDE):
            wrong[name] = seen
    assert wrong == {}


def test_the_same_is_known_where_it_costs_little(tmp_path: Path) -> None:
    targets = {
        name: {"main.tf": target(prelude(small), access(small))}
        for name, (prelude, access, small, _) in CONSTRUCTS.items()
    }
    ended = scan(tmp_path / "target", targets, "--fail-on", "medium")
    ended.check()
    assert ended.code == 10, ended.errors
    assert {name: seen.limits for name, seen in ended.seen.items() if seen.limits} == {}
    assert [n for n, seen in ended.seen.items() if not seen.failed >= {*BESIDE, COSTLY}] == []


# Two scans, as memory that one takes for all would tell nothing of each.
@pytest.mark.parametrize("half", [0, 1])
def test_what_is_repeated_without_end_hides_itself_alone(half: int, tmp_path: Path) -> None:
    tried = {name: TARGETS[name] for name in [*TARGETS][half::2]}
    opened = {
        f"{at}.tf": NOTEBOOK.format(name=kind, access='"Enabled"')
        for at, kind in (("a", "before"), ("z", "after"))
    }
    targets = {name: files | opened for name, (files, _) in tried.items()}
    ended = scan(tmp_path / "target", targets, "--fail-on", "none")
    ended.check()
    assert ended.code == 11, ended.errors
    assert [name for name, seen in ended.seen.items() if not seen.failed >= BESIDE] == []
    # Long, but no longer than what is written, is read as a whole: it has no place to be told at.
    wrong = {
        name: ended.seen[name].limits
        for name, (_, place) in tried.items()
        if not (
            any(subject.startswith(place) for subject in ended.seen[name].limits)
            if place
            else ended.seen[name].limits == {}
        )
    }
    assert wrong == {}
