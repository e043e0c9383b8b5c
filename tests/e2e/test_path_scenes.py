"""Every path rule fires on every cloud, and not on what nearly is such a path.

The rules are those of ``rules/any/paths``, so that one without a scene fails here. A cloud is one
file beside ``tests/e2e/scenes/aws.py`` with a ``STAGE``: it plays all its scenes in one scan, and
says of each rule what fires and what nearly does (or, under ``lacks``, why it never can: then the
types of the cloud must say so too).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from docs.concepts import CLOUDS
from mlsec.core.assessment import Assessment
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.engine.model.footprint import footprint_of
from mlsec.engine.model.rule import Rule, RuleSet
from tests.e2e.scenes import Stage, aws, azure, gcp, kubernetes

_RULES = tuple(path.stem for path in sorted((content_folder("rules") / "any/paths").glob("*.yaml")))
_STAGES: Mapping[str, Stage] = {
    "aws": aws.STAGE, "azure": azure.STAGE, "gcp": gcp.STAGE, "kubernetes": kubernetes.STAGE,
}  # fmt: skip
_PLAYED = [(rule, cloud) for cloud, stage in _STAGES.items() for rule in stage.scenes]
_LACKED = [(rule, cloud) for cloud, stage in _STAGES.items() for rule in stage.lacks]


@pytest.fixture(scope="module")
def verdicts(
    ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Assessment]:
    return {
        cloud: stage.play(ruleset, tmp_path_factory.mktemp(cloud))
        for cloud, stage in _STAGES.items()
        if stage.scenes
    }


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("rule", _RULES)
def test_every_path_rule_has_a_scene_or_a_reason(rule: str, cloud: str) -> None:
    stage = _STAGES[cloud]
    assert (rule in stage.scenes) != (rule in stage.lacks)


@pytest.mark.parametrize(("rule", "cloud"), _PLAYED)
def test_path_is_found_and_its_near_miss_is_not(
    rule: str, cloud: str, verdicts: Mapping[str, Assessment], ruleset: RuleSet
) -> None:
    scene, told = _STAGES[cloud].scenes[rule], verdicts[cloud]
    failed = [
        finding
        for finding in told.findings
        if finding.rule == f"paths/{rule}" and finding.status is Status.FAIL
    ]
    names = {finding.resource.name: finding for finding in failed}
    assert tuple(sorted(names)) == tuple(sorted(scene.fires))
    assert scene.near
    passed = {_tail(each) for each in told.passed.get(f"paths/{rule}", ())}
    unread = {
        _tail(finding.resource.id)
        for finding in told.findings
        if finding.rule == f"paths/{rule}" and finding.status is Status.NOT_ASSESSED
    }
    assert {near for near in scene.near if near not in passed | unread} == set()
    assert bool(set(scene.near) & unread) is bool(scene.never_passes)
    leads_somewhere = bool(footprint_of(_rule(ruleset, rule).must).relations)
    assert {finding.path is not None for finding in failed} == {leads_somewhere}


def test_reason_is_true_that_a_path_cannot_be_there(ruleset: RuleSet) -> None:
    for rule, cloud in _LACKED:
        _assert_lacked(ruleset, rule, cloud)


def _assert_lacked(ruleset: RuleSet, rule: str, cloud: str) -> None:
    found = _rule(ruleset, rule)
    own = [
        each
        for each in ruleset.vocabulary.concrete(found.resource)
        if each.name.startswith(f"{cloud}.")
    ]
    used = footprint_of(found.must, found.when)
    asked = (*used.paths, *used.relations)
    assert all(any(name in each.lacks for name in asked) for each in own)
    assert own or cloud in ruleset.vocabulary.types[found.resource].lacks
    assert _STAGES[cloud].lacks[rule]


def _rule(ruleset: RuleSet, name: str) -> Rule:
    found = ruleset.by_id(f"paths/{name}")
    assert found is not None
    return found


def _tail(resource_id: str) -> str:
    return re.split(r"[/:]", resource_id)[-1]
