"""Technique files are read strictly, and followed until nobody more becomes privileged."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.graph.techniques.load import load_techniques
from mlsec.providers.aws.facts.technique_words import WORDS

SOUND = """\
title: Pass a role to a training job
gives: code
sources: ["pathfinding:sagemaker-002"]
target: role
needs:
  - passes: sagemaker.amazonaws.com
  - may: sagemaker:CreateTrainingJob
    on: something
open: [{allow: {"*": "*"}}]
closed: [{allow: {"s3:*": "*"}}]
"""


def refused(folder: Path, text: str) -> str:
    (folder / "t.yaml").write_text(text)
    with pytest.raises(MlsecError) as caught:
        load_techniques(folder, WORDS)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("title:", "titel:", 't.yaml:1:1: unknown key "titel"; did you mean "title"?'),
        ("gives: code", "gives: cod", 't.yaml:2:8: unknown gain "cod"; did you mean "code"?'),
        ("target: role", "target: rol",
         't.yaml:4:9: unknown kind of target "rol"; did you mean "role"?'),
        ("- passes:", "- pases:", 't.yaml:6:5: unknown question "pases"; did you mean "passes"?'),
        ("on: something", "on: somthing",
         't.yaml:8:9: unknown value of "on" "somthing"; did you mean "something"?'),
        ("    on: something\n", "", 't.yaml:7:5: "on" is missing'),
        ("sagemaker:CreateTrainingJob", "sagemaker",
         't.yaml:7:10: "sagemaker" is not one action, such as sagemaker:CreateTrainingJob'),
        ('allow: {"s3:*"', 'alow: {"s3:*"',
         't.yaml:10:11: unknown key "alow"; did you mean "allow"?'),
        ('closed: [{allow: {"s3:*": "*"}}]\n', "", 't.yaml:1:1: "closed" is missing'),
        ('["pathfinding:sagemaker-002"]', "[pathfinding]",
         "t.yaml:3:1: sources is a list of ids in published lists, such as pathfinding:iam-001"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place_and_a_suggestion(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    assert message in refused(tmp_path, SOUND.replace(right, wrong))


def test_a_sound_file_is_named_by_its_rights(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(SOUND)
    (technique,) = load_techniques(tmp_path, WORDS)
    assert technique.id == "aws/own"
    assert technique.label == "iam:PassRole + sagemaker:CreateTrainingJob"
