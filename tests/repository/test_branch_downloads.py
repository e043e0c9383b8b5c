"""Files of a branch that scripts and Terraform apply, and those that they only show or pin."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.repository.branch_downloads import branch_downloads

RAW = "https://raw.githubusercontent.com/o/r"


def lines(text: str, language: Language) -> list[int]:
    file = CodeFile(id="f", path="f", language=language, text=text)
    return [line for line, _ in branch_downloads(file)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"set -e\nkubectl apply -f {RAW}/main/a.yaml\n", [2]),
        (f"kubectl apply --server-side \\\n  -f {RAW}/refs/heads/x/a.yaml\n", [1]),
        ("oc create -f https://github.com/o/r/raw/master/a.yaml", [1]),
        (f"curl -s {RAW}/main/install.sh | bash", [1]),
        (f"kubectl apply -f {RAW}/v1.2.0/a.yaml", []),
        (f"kubectl apply -f {RAW}/0123456789012345678901234567890123456789/a.yaml", []),
        (f"# kubectl apply -f {RAW}/main/a.yaml", []),
        (f"curl -O {RAW}/main/data.csv", []),
        (f"kubectl exec p -- curl {RAW}/main/data.txt", []),
        (f"echo see {RAW}/main/README.md", []),
    ],
)
def test_what_a_script_applies_from_a_branch_is_found(text: str, found: list[int]) -> None:
    assert lines(text, Language.SHELL) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'data "http" "x" {{\n  url = "{RAW}/main/a.yaml"\n}}\n', [2]),
        (f'data "http" "x" {{\n  url = "{RAW}/v2.1/a.yaml"\n}}\n', []),
        (f'  description = "as in {RAW}/main/a.yaml"\n', []),
    ],
)
def test_what_terraform_reads_from_a_branch_is_found(text: str, found: list[int]) -> None:
    assert lines(text, Language.TERRAFORM) == found
