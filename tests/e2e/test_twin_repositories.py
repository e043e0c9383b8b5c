"""Two repositories that hold files of the same names: each is judged by what is in it alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from mlsec.cli.files import load_assessment
from mlsec.cli.main import main
from mlsec.render.html.places import places_of
from tests.repository.test_terraform_reads import written

_ROLE = """\
resource "aws_iam_role" "r" {
  name = "r"
  assume_role_policy = jsonencode({Version="2012-10-17",Statement=[{Effect="Allow",
    Principal={Service="sagemaker.amazonaws.com"},Action="sts:AssumeRole"}]})
}
resource "aws_iam_role_policy" "p" {
  role = aws_iam_role.r.id
  policy = jsonencode({Version="2012-10-17",Statement=[{Effect="Allow",Action="ACTION",
    Resource="*"}]})
}
resource "aws_sagemaker_model" "m" {
  name = "m"
  execution_role_arn = aws_iam_role.r.arn
  enable_network_isolation = true
  primary_container { image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1" }
}
"""
_PODS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: ml}
spec: {template: {spec: {containers: [{name: m, image: "vllm/vllm-openai:v0.9.0"}]}}}
"""


def _scan(folders: list[Path], out: Path) -> dict[str, Any]:
    arguments = ["scan", *map(str, folders), "-o", str(out), "-f", "json,markdown", "-q"]
    assert main([*arguments, "--fail-on", "none", "--min-coverage", "0"]) == 0
    document: dict[str, Any] = json.loads((out / "assessment.json").read_bytes())
    return document


def _found(document: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    found = set()
    for finding in document["findings"]:
        subject = finding["resource"]
        own = subject["id"].removeprefix(f"{subject['scope'].partition('/')[2]}/")
        found.add((subject["scope"], finding["rule"], finding["status"], own))
    return found


def test_what_one_repository_declares_decides_nothing_in_another(tmp_path: Path) -> None:
    powerful, harmless = (
        written(
            tmp_path / name,
            {
                "main.tf": _ROLE.replace("ACTION", action),
                **{f"k8s/{n}.yaml": _PODS.replace("NAME", f"s{n}") for n in range(2)},
            },
        )
        for name, action in (("powerful", "*"), ("harmless", "cloudwatch:PutMetricData"))
    )
    alone = [_scan([folder], tmp_path / f"out-{folder.name}") for folder in (powerful, harmless)]
    both = _scan([powerful, harmless], tmp_path / "out")
    assert _found(both) == _found(alone[0]) | _found(alone[1])
    admin = [f["resource"]["scope"] for f in both["findings"] if f["rule"] == "iam/ml-role-admin"]
    assert admin == [f"code/{powerful}"]
    # A cause names one place, and ends only what stands there.
    assert len(both["causes"]) == len(alone[0]["causes"]) + len(alone[1]["causes"])
    assert f"main.tf:1 in {powerful}" in (tmp_path / "out" / "summary.md").read_text()


def test_the_order_of_repositories_changes_no_fingerprint(tmp_path: Path) -> None:
    text = {"main.tf": _ROLE.replace("ACTION", "*")}
    first, second = (written(tmp_path / name, text) for name in ("first", "second"))
    forth = _scan([first, second], tmp_path / "forth")
    back = _scan([second, first], tmp_path / "back")
    marks = [
        {(f["resource"]["scope"], f["rule"]): f["fingerprint"] for f in document["findings"]}
        for document in (forth, back)
    ]
    assert marks[0] == marks[1]


def test_each_repository_has_a_row_of_its_own(tmp_path: Path) -> None:
    text = {"main.tf": _ROLE.replace("ACTION", "*"), "k8s/s.yaml": _PODS}
    folders = [written(tmp_path / name, text) for name in ("first", "second")]
    _scan(folders, tmp_path / "out")
    places = places_of(load_assessment(tmp_path / "out"))
    assert [row.name for row in places.rows] == [str(folder) for folder in folders]
    assert places.heading == "Folder"


def test_a_folder_that_is_new_with_a_change_makes_nothing_else_new(tmp_path: Path) -> None:
    written(tmp_path / "old", {"main.tf": _ROLE.replace("ACTION", "*")})
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "old"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)  # noqa: S603
    with (tmp_path / "old" / "main.tf").open("a") as file:
        file.write("# a comment\n")
    written(tmp_path / "new", {"main.tf": _ROLE.replace("ACTION", "logs:PutLogEvents")})
    folders = [str(tmp_path / name) for name in ("old", "new")]
    options = ["--changed-since", "HEAD", "--fail-on", "high", "--min-coverage", "0", "-q"]
    out = tmp_path / "out"
    assert main(["scan", *folders, *options, "-f", "json", "-o", str(out)]) == 0
    found = load_assessment(out)
    assert "iam/ml-role-admin" in {finding.rule for finding in found.findings}
