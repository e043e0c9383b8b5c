"""Somebody who may change a repository adds a Terraform expression that costs without end. The
scan ends in time, but takes its own limit for something that only an apply can know: the gate is
green, and the open notebook beside the expression was never looked at.

Every construct that grows is tried small, where its value has to be known, and large, where a
limit has to be told at its line, while what stands beside it is judged as if it were not there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.measured import scan, write
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


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_what_costs_too_much_hides_itself_alone(name: str, tmp_path: Path) -> None:
    prelude, access, _, large = CONSTRUCTS[name]
    folder = tmp_path / "target"
    write(folder, {"main.tf": target(prelude(large), access(large))})
    seen = scan(folder, "--fail-on", "none")
    seen.check()
    assert seen.code == 11, seen.errors
    assert seen.failed >= BESIDE
    # Told at its line, and of the value itself: a limit, and not something for an apply.
    assert seen.limits
    lines = {int(place.rpartition(":")[2]) for place in seen.limits if place.startswith("main.tf:")}
    assert min(lines) > 6
    assert max(lines) <= 6 + 1 + prelude(large).count("\n") + 2 + 5
    assert seen.unread[COSTLY] == {"over_limit"}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_the_same_is_known_where_it_costs_little(name: str, tmp_path: Path) -> None:
    prelude, access, small, _ = CONSTRUCTS[name]
    folder = tmp_path / "target"
    write(folder, {"main.tf": target(prelude(small), access(small))})
    seen = scan(folder, "--fail-on", "medium")
    seen.check()
    assert seen.code == 10, seen.errors
    assert seen.limits == {}
    assert seen.failed >= {*BESIDE, COSTLY}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_repeated_without_end_hides_itself_alone(name: str, tmp_path: Path) -> None:
    files, place = TARGETS[name]
    opened = {
        f"{at}.tf": NOTEBOOK.format(name=kind, access='"Enabled"')
        for at, kind in (("a", "before"), ("z", "after"))
    }
    folder = tmp_path / "target"
    write(folder, files | opened)
    seen = scan(folder, "--fail-on", "none")
    seen.check()
    assert seen.failed >= BESIDE
    if place:
        assert seen.code == 11
        assert any(subject.startswith(place) for subject in seen.limits), seen.limits
    else:
        # Long, but no longer than what is written: it is read as a whole.
        assert seen.limits == {}
