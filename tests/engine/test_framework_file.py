"""Framework files: profiles, needed objectives, and every mistake refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.enums import Automation, FrameworkKind
from mlsec.core.errors import MlsecError
from mlsec.core.framework import Control
from mlsec.engine.model.controls import Frameworks, load_frameworks
from tests.shipped import shipped_rules

SHIPPED = shipped_rules().frameworks
OBJECTIVES = """
bucket-private:
  tests: The bucket admits nobody without credentials.
  exposure: anyone
  consequence: data
  effort: direct
  profile: essential
  controls: [{id: f/A-1, relation: subset, because: the control asks for it}]
"""
FRAMEWORK = """
id: f
title: F
kind: catalogue
profiles: {low: [A-1]}
controls:
  A-1: {title: One, automation: partial, tests: T., does_not_test: D., needed: [bucket-private]}
  A-2: {}
"""


def load(folder: Path, framework: str) -> Frameworks:
    for name, text in (("frameworks/f.yaml", framework), ("objectives/o.yaml", OBJECTIVES)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.lstrip(), "utf-8")
    return load_frameworks(folder / "frameworks")


def test_a_framework_has_a_kind_profiles_and_a_record_of_each_control(tmp_path) -> None:
    framework = load(tmp_path, FRAMEWORK).frameworks["f"]
    assert framework.kind is FrameworkKind.CATALOGUE
    assert framework.profiles == {"low": ("A-1",)}
    assert framework.controls == {
        "A-1": Control(
            title="One",
            automation=Automation.PARTIAL,
            tests="T.",
            does_not_test="D.",
            needed=("bucket-private",),
        ),
        "A-2": Control(),
    }


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("kind: catalogue\n", "", r'needs "kind"'),
        ("kind: catalogue", "kind: catalog", r'3:1: unknown kind "catalog"; one of benchmark'),
        ("title: F", "titel: F", r'2:1: unknown key "titel"; did you mean "title"'),
        ("low: [A-1]", "low: [A-9]", r'4:.*unknown control "A-9"'),
        ("profiles: {low: [A-1]}", "profiles: [A-1]", r"4:1: expected profiles by name"),
        ("A-2: {}", "A-2: {test: T.}", r'7:.*unknown key "test"; did you mean "tests"'),
        ("A-2: {}", "A-2: One", r"7:3: expected a mapping"),
        ("automation: partial", "automation: half", r'6:.*unknown automation "half"'),
        ("[bucket-private]", "bucket-private", r"6:.*expected a list of texts"),
        ("[bucket-private]", "[bucket-privat]", r'6:.*unknown objective "bucket-privat"; did you'),
        ("A-2: {}", "A-2: {needed: [bucket-private]}", r"7:.*does not link to f/A-2"),
        ("kind: catalogue", "kind: benchmark", r"6:.*needs every rule that links to it"),
    ],
)
def test_a_mistake_in_a_framework_file_is_refused_with_its_place(
    tmp_path, right: str, wrong: str, message: str
) -> None:
    assert FRAMEWORK.count(right) == 1
    with pytest.raises(MlsecError, match=message):
        load(tmp_path, FRAMEWORK.replace(right, wrong))


def test_benchmarks_are_linked_by_rules_only() -> None:
    benchmarks = {
        name
        for name, framework in SHIPPED.frameworks.items()
        if framework.kind is FrameworkKind.BENCHMARK
    }
    assert "aws-fsbp" in benchmarks
    linked = {
        link.id.partition("/")[0]
        for objective in SHIPPED.objectives.values()
        for link in objective.controls
    }
    assert not linked & benchmarks
