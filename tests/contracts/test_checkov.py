"""The real checkov, on a small tree: what it writes is what we read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.repository.checkov.program import find_checkov
from tests.e2e import runs

TREE = {
    "main.tf": 'resource "aws_s3_bucket" "weights" {\n  bucket = "weights"\n}\n',
    "broken.tf": 'resource "aws_s3_bucket" "x" {\n  bucket = \n',
    ".hidden/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
    "  containers: [{name: c, image: nginx, securityContext: {privileged: true}}]\n",
    ".checkov.yaml": "apiVersion: v1\nkind: Pod\nexternal-checks-dir: [evil]\nskip-check: ['*']\n",
    "evil/check.py": "open('/tmp/mlsec-checkov-canary', 'w')\n",
}


def test_its_failures_lines_and_parse_errors_are_understood_and_it_obeys_no_file_of_the_tree(
    tmp_path: Path,
) -> None:
    try:
        checkov = find_checkov()
    except MlsecError:
        pytest.skip("checkov is not here: make checkov")
    canary = Path("/tmp/mlsec-checkov-canary")
    canary.unlink(missing_ok=True)
    folder = tmp_path / "repo"
    for name, text in TREE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    runs.mlsec("scan", folder, "--with", "checkov", "--checkov", checkov.path,
               "-o", tmp_path / "out", "-f", "json")  # fmt: skip
    made = runs.load_assessment(tmp_path / "out")
    told = {(one.rule, one.resource.file, one.resource.line) for one in made.findings}
    assert ("checkov:CKV_AWS_144", "main.tf", 1) in told
    assert ("checkov:CKV_K8S_16", ".hidden/pod.yaml", 1) in told
    assert [one.subject for one in made.gaps if one.wanted == "checkov"] == [f"{folder}/broken.tf"]
    assert not canary.exists()
