"""What several roots make at one line of a module is one finding, which names the roots."""

from __future__ import annotations

import json
from pathlib import Path

from mlsec.cli.main import main

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  instance_type          = "ml.t3.medium"
  role_arn               = "arn:aws:iam::111122223333:role/x"
  direct_internet_access = "Enabled"
}
"""
CALL = 'module "a" {\n  source = "../../modules/shown"\n}\n'


def test_one_line_of_a_module_is_one_finding_that_names_the_roots_of_its_class(
    tmp_path: Path,
) -> None:
    roots = dict.fromkeys(("envs/prod", "envs/dev", "tests/try"), CALL)
    texts = {**roots, "envs/twice": CALL + CALL.replace('"a"', '"b"'), "modules/shown": NOTEBOOK}
    for name, text in texts.items():
        (tmp_path / "code" / name).mkdir(parents=True)
        (tmp_path / "code" / name / "main.tf").write_text(text)
    words = ("--select", "sagemaker/notebook-direct-internet", "-q", "-o", str(tmp_path / "out"))
    main(["scan", str(tmp_path / "code"), *words])
    document = json.loads((tmp_path / "out" / "assessment.json").read_text())
    first, second = document["findings"]
    assert first["scenarios"] == ["envs/dev", "envs/prod", "envs/twice"]
    assert first["message"].endswith("(in envs/dev, envs/prod and envs/twice)")
    assert "scenarios" not in second
    assert second["resource"]["id"].startswith("envs/twice#module.b")
    (folded,) = document["folding"]["findings"]
    assert folded["resource"]["id"].startswith("tests/try#")
