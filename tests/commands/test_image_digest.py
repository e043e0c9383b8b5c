"""The command that looks up an image's digest names the repository, not its ARN."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shipped import shipped_rules

ARN = "arn:aws:ecr:eu-west-1:111122223333:repository/team/serving"


def test_the_repository_is_given_by_its_name_and_registry(tmp_path: Path) -> None:
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed")
    (tmp_path / "jq").symlink_to(jq)
    (tmp_path / "aws").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "aws").chmod(0o755)
    rule = next(r for r in shipped_rules().rules if r.id == "sagemaker/model-image-unpinned")
    command = rule.fix.cli.splitlines()[0].replace("{containers[].repository}", ARN)
    said = subprocess.run(  # noqa: S603 - a command of our own rules
        ["/bin/sh", "-c", command],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "--registry-id 111122223333 --repository-name team/serving --image-ids" in said
