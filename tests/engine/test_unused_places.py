"""A setting of a region speaks where it is used, and once for all regions where it is not."""

from __future__ import annotations

import datetime

import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.assessment.assess import Judgement, assess
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.shipped import shipped_rules, shipped_vocabulary

_NOW = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)
_SCOPE, _RULE = "aws/1", "ecr/registry-scan-basic"
_REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
_REPOSITORY = "aws.ecr.repository"


def region(name: str, scan: str = "BASIC") -> Resource:
    return Resource(
        id=f"aws://1/{name}", type="aws.region", provider="aws", scope=_SCOPE, region=name,
        name=name, properties={"ecr_scanning.type": scan},
    )  # fmt: skip


def repository(name: str) -> Resource:
    return Resource(
        id=f"arn:aws:ecr:{name}:1:repository/a", type=_REPOSITORY, provider="aws", scope=_SCOPE,
        region=name, name="a",
    )  # fmt: skip


def judged(*resources: Resource, unread: str = "") -> Judgement:
    gap = make_gap(
        scope=_SCOPE, subject=unread, wanted="ecr:DescribeRepositories", reason=GapReason.DENIED
    )
    rows = [
        TypeCoverage(
            type=kind, scope=_SCOPE, region=name, enumerated=1, assessed=1,
            is_complete=(kind, name) != (_REPOSITORY, unread),
            gaps=(gap.id,) if (kind, name) == (_REPOSITORY, unread) else (),
        )
        for kind in ("aws.region", _REPOSITORY) for name in _REGIONS
    ]  # fmt: skip
    inventory = Inventory(resources=resources, gaps=(gap,), coverage=coverage_of(rows))
    graph = build_graph(shipped_vocabulary(), inventory, FACTS)
    return assess(shipped_rules(), graph, clock=_NOW)


def failures(judgement: Judgement) -> list[Finding]:
    return [one for one in judgement.findings if one.rule == _RULE and one.status is Status.FAIL]


def test_regions_without_a_user_fold_into_one_finding_that_names_them() -> None:
    [found] = failures(judged(*map(region, _REGIONS)))
    assert found.message.endswith("in 3 unused regions")
    assert found.stands_for == tuple(f"aws://1/{name}" for name in _REGIONS)


def test_used_region_speaks_for_itself() -> None:
    used, rest = failures(judged(*map(region, _REGIONS), repository("us-east-1")))[::-1]
    assert (used.resource.region, used.stands_for) == ("us-east-1", ())
    assert rest.stands_for == ("aws://1/eu-west-1", "aws://1/us-west-2")


def test_region_whose_listing_was_denied_counts_as_used() -> None:
    found = failures(judged(*map(region, _REGIONS), unread="us-east-1"))
    assert sorted(one.resource.region for one in found if not one.stands_for) == ["us-east-1"]


@pytest.mark.parametrize("used", [(), ("us-east-1",)])
def test_nothing_unused_becomes_a_pass(used: tuple[str, ...]) -> None:
    judgement = judged(*map(region, _REGIONS), *map(repository, used))
    assert judgement.passed[_RULE] == ()
    assert judgement.counts[_RULE].not_applicable == 0


def test_unused_region_with_the_better_setting_is_not_named() -> None:
    resources = (region("eu-west-1", "ENHANCED"), *map(region, _REGIONS[1:]))
    judgement = judged(*resources)
    [found] = failures(judgement)
    assert found.stands_for == ("aws://1/us-east-1", "aws://1/us-west-2")
    assert judgement.passed[_RULE] == ("aws://1/eu-west-1",)
