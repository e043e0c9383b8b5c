"""A judgement accounts for every resource, and for the listings that could not be read."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.enums import Status
from mlsec.core.resource import Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.documents import ExampleGraph
from mlsec.graph.fact import Targets
from tests.engine.small import load_texts, rule_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TESTS_WHEN = "{pass: [{}], fail: [{}], not_assessed: [{}], not_applicable: [{}]}"
TESTS = "{pass: [{}], fail: [{}], not_assessed: [{}]}"


class Shelf(ExampleGraph):
    """Resources by type, and what was listed."""

    def __init__(self, *resources: Resource, coverage: tuple[TypeCoverage, ...] = ()) -> None:
        super().__init__()
        self.resources = resources
        self.coverage = coverage_of(coverage)

    def of_type(self, name: str) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources if resource.type == name)


def notebook(number: int, **facts: Any) -> Resource:
    known = {
        "id": f"arn:n{number}", "type": "cloud.notebook", "provider": "cloud", "scope": "cloud/1",
        "name": f"n{number}",
    }  # fmt: skip
    return Resource(**{**known, **facts})


def holding(number: int, properties: Mapping[str, Any], **facts: Any) -> Resource:
    return notebook(number, properties=properties, **facts)


@pytest.fixture
def ruleset(tmp_path: Path) -> RuleSet:
    return load_texts(
        tmp_path,
        rule_text(),
        rule_text(
            "thing/when", when="{status: Stopped}", must="{volume_gb: {lt: 9}}", tests=TESTS_WHEN,
            severity="critical", message='"{name} in {region} is too big"',
        ),
        rule_text("thing/path", must="{none: {via: role, where: {is_admin: true}}}", tests=TESTS),
    )  # fmt: skip


SAMPLE = (
    holding(1, {"is_shared": False, "status": "Stopped", "volume_gb": 5}),
    holding(2, {"is_shared": True, "status": "Stopped", "volume_gb": 50}, region="eu-1"),
    holding(3, {"status": "InService"}, unread={"is_shared": ("gap1",)}),
    notebook(4, unread={"*": ("gap2",)}, is_stub=True),
)


def test_every_resource_is_counted_once_per_rule(ruleset: RuleSet) -> None:
    judgement = assess(ruleset, Shelf(*SAMPLE), clock=NOW)
    found = {
        rule: (c.passed, c.failed, c.not_assessed, c.not_applicable)
        for rule, c in judgement.counts.items()
    }
    assert found == {
        "thing/bad": (1, 1, 1, 0),
        "thing/path": (3, 0, 0, 0),
        "thing/when": (1, 1, 0, 1),
    }
    assert judgement.passed["thing/bad"] == ("arn:n1",)
    assert (judgement.totals.passed, judgement.totals.failed) == (5, 2)


def test_findings_are_sorted_by_severity_rule_and_resource(ruleset: RuleSet) -> None:
    judgement = assess(ruleset, Shelf(*SAMPLE), clock=NOW)
    assert [(f.rule, f.resource.id, f.message) for f in judgement.findings] == [
        ("thing/when", "arn:n2", "n2 in eu-1 is too big"),
        ("thing/bad", "arn:n2", "Title of the rule"),
        ("thing/bad", "arn:n3", "Not assessed: Title of the rule"),
    ]


def test_the_order_of_the_resources_changes_nothing(ruleset: RuleSet) -> None:
    shuffled = random.Random(1).sample(SAMPLE, len(SAMPLE))  # noqa: S311 - not a secret
    first = assess(ruleset, Shelf(*SAMPLE), clock=NOW)
    assert msgspec.json.encode(assess(ruleset, Shelf(*shuffled), clock=NOW)) == (
        msgspec.json.encode(first)
    )


def test_a_listing_that_failed_leaves_every_rule_of_the_type_not_assessed(ruleset: RuleSet) -> None:
    row = TypeCoverage(
        type="cloud.notebook", scope="cloud/1", region="eu-1", is_complete=False, gaps=("g1",)
    )
    judgement = assess(ruleset, Shelf(coverage=(row,)), clock=NOW)
    assert [(f.rule, f.status, f.resource.id, f.gaps) for f in judgement.findings] == [
        (rule, Status.NOT_ASSESSED, "cloud/1/eu-1/cloud.notebook", ("g1",))
        for rule in ("thing/when", "thing/bad", "thing/path")
    ]


def test_fingerprints_keep_the_oldest_id_of_a_renamed_rule(tmp_path: Path) -> None:
    before = load_texts(tmp_path / "a", rule_text("thing/old"))
    after = load_texts(tmp_path / "b", rule_text("thing/new", aliases="[thing/old]"))
    merged = load_texts(tmp_path / "c", rule_text("thing/old", aliases="[thing/old, thing/other]"))
    found = [assess(rules, Shelf(*SAMPLE), clock=NOW).findings for rules in (before, after, merged)]
    assert [f.fingerprint for f in found[0]] == [f.fingerprint for f in found[1]]
    assert [f.fingerprint for f in found[0]] == [f.fingerprint for f in found[2]]
    assert len({f.fingerprint for f in found[0]}) == len(found[0])


def test_hostile_names_are_made_visible_in_messages(ruleset: RuleSet) -> None:
    resource = holding(
        1, {"status": "Stopped", "volume_gb": 50, "is_shared": False}, name="a\x1b[31m"
    )
    judgement = assess(ruleset, Shelf(resource), clock=NOW)
    assert judgement.findings[0].message == "a\\u001b[31m in  is too big"


class Twins(Shelf):
    """The role of a notebook is whatever its ``status`` names."""

    def targets(self, resource: Resource, relation: str) -> Targets:
        is_admin = resource.properties["status"] == "admin"
        role = notebook(9, type="cloud.role", properties={"is_admin": is_admin})
        return Targets(resources=(role,) if relation == "role" else ())


def test_things_that_share_an_id_are_followed_each_by_itself(ruleset: RuleSet) -> None:
    rule = next(rule for rule in ruleset.rules if rule.id == "thing/path")
    pair = holding(1, {"status": "plain"}), holding(1, {"status": "admin"})
    for first, second in (pair, pair[::-1]):
        evaluator = Evaluator(ruleset.vocabulary, Twins(), NOW.timestamp())
        statuses = [evaluator.judge(rule, item).status for item in (first, second, first)]
        wanted = {"plain": Status.PASS, "admin": Status.FAIL}
        assert statuses == [wanted[item.properties["status"]] for item in (first, second, first)]
