"""The demo as OSCAL: valid by trestle, and satisfied only where assessment.json has evidence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import ControlStatus
from tests.e2e import runs

_DEMO = runs.ROOT / "fixtures" / "demo"
_TRESTLE = runs.ROOT / ".venv-trestle" / "bin" / "trestle"

_NOTEBOOK = """
resource "aws_sagemaker_notebook_instance" "one" {
  name                   = "one"
  role_arn               = "arn:aws:iam::123456789012:role/notebook"
  instance_type          = "ml.t3.medium"
  root_access            = "Disabled"
  direct_internet_access = "Disabled"
  subnet_id              = "subnet-1"
}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = runs.mlsec("scan", "--evidence", _DEMO, "-f", "oscal,json", "-o", folder)
    assert done.returncode == 10, done.stderr
    return folder


@pytest.fixture(scope="module")
def result(out: Path) -> Mapping[str, Any]:
    document = json.loads((out / "results.oscal.json").read_bytes())
    (result,) = document["assessment-results"]["results"]
    return result


@pytest.fixture(scope="module")
def assessment(out: Path) -> Assessment:
    return runs.load_assessment(out)


@pytest.mark.skipif(not _TRESTLE.exists(), reason="run make trestle")
def test_trestle_finds_the_demo_valid(out: Path, tmp_path: Path) -> None:
    place = tmp_path / "assessment-results" / "demo" / "assessment-results.json"
    for words in (["init", "--local"], ["validate", "--file", str(place)]):
        done = subprocess.run(  # noqa: S603 - trestle is ours
            [_TRESTLE, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((out / "results.oscal.json").read_bytes())


def test_the_demo_stays_small(out: Path) -> None:
    assert (out / "results.oscal.json").stat().st_size < 2_000_000


def test_each_control_with_a_result_has_one_finding(
    result: Mapping[str, Any], assessment: Assessment
) -> None:
    named = [prop(finding, "control") for finding in result["findings"]]
    assert named == [f"{item.framework}/{item.id}" for item in assessment.controls]


def test_what_was_not_assessed_or_failed_is_never_satisfied(
    result: Mapping[str, Any], assessment: Assessment
) -> None:
    results = {f"{item.framework}/{item.id}": item.result for item in assessment.controls}
    satisfied = [
        prop(finding, "control")
        for finding in result["findings"]
        if finding["target"]["status"]["state"] == "satisfied"
    ]
    assert satisfied
    assert {results[name] for name in satisfied} == {ControlStatus.TESTED_PART}


def test_what_only_code_declares_is_never_satisfied_and_says_so(tmp_path: Path) -> None:
    code, out = tmp_path / "code", tmp_path / "out"
    code.mkdir()
    (code / "main.tf").write_text(_NOTEBOOK)
    runs.mlsec("scan", code, "-f", "oscal", "-o", out)
    document = json.loads((out / "results.oscal.json").read_bytes())
    (result,) = document["assessment-results"]["results"]
    judged = [one for one in result["findings"] if "related-observations" in one]
    assert "evidence_for_tested_part" in {prop(one, "result") for one in judged}
    assert {one["target"]["status"]["state"] for one in judged} == {"not-satisfied"}
    assert [one for one in judged if "nothing deployed was read" not in one["description"]] == []
    observed = [one["description"] for one in result["observations"]]
    assert [text for text in observed if "nothing deployed was read" not in text] == []


def test_what_is_deployed_is_not_said_to_be_code(result: Mapping[str, Any]) -> None:
    said = [one["description"] for one in (*result["findings"], *result["observations"])]
    assert [text for text in said if "nothing deployed was read" in text] == []


def prop(item: Mapping[str, Any], name: str) -> str:
    (value,) = [one["value"] for one in item["props"] if one["name"] == name]
    return value
