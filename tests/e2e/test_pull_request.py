"""A pull request on a repository of Terraform and manifests: what is shown, where, and waived."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.repository.changes.repositories import commit, git, repository

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "train" {
  name                   = "train"
  role_arn               = "arn:aws:iam::111122223333:role/train"
  instance_type          = "ml.t3.medium"
  direct_internet_access = var.direct
}
"""
VARIABLES = 'variable "direct" {\n  default = "Disabled"\n}\n'
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: train, namespace: ml}
spec:
  serviceAccountName: train
  containers:
    - name: main
      image: example.org/train@sha256:DIGEST
      securityContext:
        privileged: true
""".replace("DIGEST", "a" * 64)
FILES = {"infra/main.tf": NOTEBOOK, "infra/variables.tf": VARIABLES, "k8s/pod.yaml": POD}
DIRECT, PRIVILEGED = "sagemaker/notebook-direct-internet", "k8s-pod/container-privileged"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", FILES)
    git(made, "checkout", "-q", "-b", "feature")
    return made


def scan(folder: Path, out: Path, *words: str) -> Assessment:
    """Scan and read the assessment back."""
    done = runs.mlsec("scan", folder, "-o", out, "-f", "json,sarif", "--min-coverage", "0", *words)
    assert done.returncode in (0, 10), done.stderr
    return runs.load_assessment(out)


def failures(made: Assessment) -> dict[str, str]:
    """The file of each open failure of the rules that this page speaks of."""
    return {
        one.rule: one.resource.file
        for one in made.findings
        if one.rule in (DIRECT, PRIVILEGED) and one.status is Status.FAIL and not one.waiver
    }


def test_variable_that_changes_in_one_file_shows_the_failure_in_another(
    folder: Path, tmp_path: Path
) -> None:
    commit(folder, {"infra/variables.tf": VARIABLES.replace("Disabled", "Enabled")})
    made = scan(folder, tmp_path / "out", "--changed-since", "main")
    assert failures(made) == {DIRECT: "infra/main.tf"}
    assert made.limit is not None
    assert made.limit.failed > 0
    results = [
        one
        for run in json.loads((tmp_path / "out" / "results.sarif").read_text())["runs"]
        for one in run["results"]
        if one["ruleId"] == DIRECT
    ]
    (place,) = (one["locations"][0]["physicalLocation"] for one in results)
    assert place["artifactLocation"]["uri"] == "infra/main.tf"
    assert place["region"]["startLine"] == 5


def test_waivers_hold_where_they_stand_and_in_the_evidence(folder: Path, tmp_path: Path) -> None:
    until = "until=2099-12-31 reason=a sandbox owner=ml"
    (folder / "infra/variables.tf").write_text(VARIABLES.replace("Disabled", "Enabled"))
    (folder / "infra/main.tf").write_text(
        f"# mlsec:ignore {DIRECT} {until}\n{NOTEBOOK}# mlsec:ignore {DIRECT} until=soon\n"
    )
    (folder / "k8s/pod.yaml").write_text(
        POD.replace("privileged: true", f"privileged: true  # mlsec:ignore k8s-pod/* {until}")
    )
    made = scan(folder, tmp_path / "out")
    assert failures(made) == {}
    waived = {one.rule: one.waiver.id for one in made.findings if one.waiver}
    assert waived[DIRECT] == "infra/main.tf:1"
    assert waived[PRIVILEGED] == "k8s/pod.yaml:10"
    assert {one.state for one in made.waivers} == {"used"}
    assert [one for one in made.notices if one.startswith("infra/main.tf:8: this mlsec:ignore")]
    again = scan(tmp_path / "out" / "evidence.mlsnap", tmp_path / "again")
    assert (again.findings, again.waivers, again.notices) == (
        made.findings, made.waivers, made.notices,
    )  # fmt: skip
