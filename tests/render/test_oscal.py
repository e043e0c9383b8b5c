"""results.oscal.json is valid by trestle, and satisfied only where a control is tested whole."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest
import samples

from mlsec.core.assessment import (
    Assessment,
    ChangeLimit,
    ControlResult,
    Observed,
    StatusCounts,
)
from mlsec.core.catalogue import Catalogue, ControlLink
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Automation, ControlStatus, FrameworkKind, Relation
from mlsec.core.framework import Control, Framework
from mlsec.engine.model.controls import load_frameworks
from mlsec.render import RenderSettings
from mlsec.render.oscal.names import control_token
from mlsec.render.oscal.oscal import render_oscal

TRESTLE = Path(__file__).resolve().parents[2] / ".venv-trestle" / "bin" / "trestle"
ASSESSMENTS = {
    "small": samples.small, "rich": samples.rich, "empty": samples.empty, "clean": samples.clean,
    "unread": samples.unread,
}  # fmt: skip


def results(assessment: Assessment, framework: str = "") -> dict[str, Any]:
    settings = RenderSettings(framework=framework)
    document = json.loads(render_oscal(assessment, settings))["assessment-results"]
    assert len(document["results"]) == 1
    return document["results"][0]


def judged(
    status: ControlStatus,
    automation: Automation | None,
    relation: Relation,
    kind: FrameworkKind = FrameworkKind.CATALOGUE,
) -> Assessment:
    """One passed rule with one control of a framework."""
    rule = samples.small().rules[0]
    link = ControlLink(id="f/C-1", because="it is the same", relation=relation)
    counts = StatusCounts(passed=1)
    summary = msgspec.structs.replace(rule, controls=(link,), counts=counts)
    record = Control(title="One", automation=automation, tests="This.", does_not_test="That.")
    framework = Framework(id="f", title="F", kind=kind, controls={"C-1": record})
    result = ControlResult(
        framework="f", id="C-1", title="One", result=status, rules=(rule.id,), counts=counts
    )
    return Assessment(
        rules=(summary,),
        passed={rule.id: ("arn:a", "arn:b")},
        controls=(result,),
        catalogue=Catalogue(frameworks=(framework,)),
    )


def state(assessment: Assessment) -> str:
    (finding,) = results(assessment)["findings"]
    return finding["target"]["status"]["state"]


@pytest.mark.skipif(not TRESTLE.exists(), reason="run make trestle")
@pytest.mark.parametrize("name", ASSESSMENTS)
def test_trestle_finds_the_results_valid(name: str, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    trestle(workspace, "init", "--local")
    place = workspace / "assessment-results" / name / "assessment-results.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(render_oscal(ASSESSMENTS[name]()))
    trestle(workspace, "validate", "--file", str(place))


def trestle(workspace: Path, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - trestle is ours
        [TRESTLE, *arguments], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("status", ControlStatus)
@pytest.mark.parametrize("automation", Automation)
@pytest.mark.parametrize("relation", Relation)
def test_a_control_is_satisfied_only_when_all_of_it_was_tested_and_passed(
    status: ControlStatus, automation: Automation, relation: Relation
) -> None:
    whole = (ControlStatus.TESTED_PART, Automation.AUTOMATED, Relation.EQUAL)
    is_whole = (status, automation, relation) == whole
    expected = "satisfied" if is_whole else "not-satisfied"
    assert state(judged(status, automation, relation)) == expected


@pytest.mark.parametrize("relation", Relation)
def test_a_setting_of_a_benchmark_is_satisfied_by_a_rule_that_tests_the_same(
    relation: Relation,
) -> None:
    one = judged(ControlStatus.TESTED_PART, None, relation, FrameworkKind.BENCHMARK)
    assert state(one) == ("satisfied" if relation is Relation.EQUAL else "not-satisfied")


def test_a_tested_part_says_what_was_tested_and_what_was_not() -> None:
    one = judged(ControlStatus.TESTED_PART, Automation.PARTIAL, Relation.SUBSET)
    (finding,) = results(one)["findings"]
    assert finding["target"]["status"] == {"state": "not-satisfied", "reason": "other"}
    assert finding["description"] == (
        "Evidence for the tested part: 1 check passed. Tested: This. Not tested: That."
    )


def test_a_finding_refers_to_the_observations_of_its_rules() -> None:
    result = results(judged(ControlStatus.TESTED_PART, Automation.PARTIAL, Relation.SUBSET))
    (finding,), (observation,) = result["findings"], result["observations"]
    assert finding["related-observations"] == [{"observation-uuid": observation["uuid"]}]
    items = {item["uuid"] for item in result["local-definitions"]["inventory-items"]}
    assert {subject["subject-uuid"] for subject in observation["subjects"]} == items


def test_an_observation_carries_the_observed_and_the_expected_value() -> None:
    observed = results(samples.small())["observations"]
    evidence = [
        item["description"] for one in observed for item in one.get("relevant-evidence", ())
    ]
    assert evidence
    assert all(": " in text and ", " in text for text in evidence)


def test_every_failure_and_every_unread_check_is_an_observation_of_its_own() -> None:
    assessment = samples.rich()
    observed = results(assessment)["observations"]
    shown = [
        prop["value"] for one in observed for prop in one["props"] if prop["name"] == "fingerprint"
    ]
    assert shown == [finding.fingerprint for finding in assessment.findings]


def test_equal_assessments_give_equal_bytes_and_other_scans_other_uuids() -> None:
    one = samples.small()
    assert render_oscal(one) == render_oscal(samples.small())
    later = msgspec.structs.replace(one.scan, finished_at="2027-01-01T00:00:00Z")
    other = msgspec.structs.replace(one, scan=later)
    assert results(one)["uuid"] != results(other)["uuid"]


def test_only_the_chosen_framework_has_findings() -> None:
    one = judged(ControlStatus.TESTED_PART, Automation.PARTIAL, Relation.SUBSET)
    other = Framework(id="g", title="G", kind=FrameworkKind.CATALOGUE)
    catalogue = Catalogue(frameworks=(*one.catalogue.frameworks, other))
    both = msgspec.structs.replace(one, catalogue=catalogue)
    assert len(results(both, framework="f")["findings"]) == 1
    assert "findings" not in results(both, framework="g")


def test_what_is_limited_to_a_change_says_nothing_of_a_control() -> None:
    one = judged(ControlStatus.TESTED_PART, Automation.AUTOMATED, Relation.EQUAL)
    limit = ChangeLimit(revision="main", commit="abc", is_read=True)
    assert "findings" not in results(msgspec.structs.replace(one, limit=limit))


def test_a_passed_check_carries_the_values_that_it_passed_on() -> None:
    one = judged(ControlStatus.TESTED_PART, Automation.PARTIAL, Relation.SUBSET)
    rule = one.rules[0].id
    kept = {rule: (Observed(values={"is_public": False}, resources=(0, 1)),)}
    (observation,) = results(msgspec.structs.replace(one, observed=kept))["observations"]
    assert observation["relevant-evidence"] == [{"description": "is_public: false (2 resources)"}]


def test_no_uuid_is_used_twice() -> None:
    used: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            used.extend(item for key, item in value.items() if key == "uuid")
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    collect(json.loads(render_oscal(samples.rich())))
    assert len(used) == len(set(used))
    assert {uuid.UUID(name).version for name in used} == {5}


def test_every_control_of_every_framework_has_a_token_of_its_own() -> None:
    frameworks = load_frameworks(content_folder("rules") / "frameworks").frameworks
    tokens = [
        control_token(name, control_id)
        for name, framework in frameworks.items()
        for control_id in framework.controls
    ]
    assert len(tokens) == len(set(tokens))
    assert all(token[0].isalpha() and token.isascii() for token in tokens)
    assert control_token("nist-800-53", "AC-2(3)") == "ac-2.3"
