"""An invented assessment of the shipped rules with as many findings as asked for."""

from __future__ import annotations

import random

from mlsec.core.assessment import Assessment, ScanFacts, StatusCounts
from mlsec.core.content_paths import content_folder
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint, make_gap
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.core.resource import Gap
from mlsec.engine.assessment.assembly import assemble
from mlsec.engine.assessment.assess import Judgement
from mlsec.engine.model.footprint import footprint_of
from mlsec.engine.model.rule import Rule
from mlsec.engine.rules.load import load_content

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1")
TEAMS = ("fraud", "ranking", "vision", "speech", "support-bot", "forecast", "claims")
ACCOUNTS = 20
UNREAD_EACH = 12


def made_assessment(count: int) -> Assessment:
    """Give an assessment whose findings differ in name, account, region, rule and evidence."""
    chance = random.Random(count)  # noqa: S311 - the same assessment each time
    ruleset = load_content(content_folder("rules"))
    gaps = _gaps()
    findings = [
        _finding(chance, ruleset.rules[n % len(ruleset.rules)], n, gaps) for n in range(count)
    ]
    findings.sort(key=lambda one: (one.severity.rank, one.rule, one.resource.id))
    unread = sum(1 for one in findings if one.status is Status.NOT_ASSESSED)
    counts = StatusCounts(passed=9 * count, failed=count - unread, not_assessed=unread)
    types = sorted({one.resource.type for one in findings})
    coverage = [
        TypeCoverage(type=name, scope=f"aws/{100000000000 + n}", region=REGIONS[n % 5],
                     enumerated=50, assessed=50)
        for name in types for n in range(ACCOUNTS)
    ]  # fmt: skip
    return assemble(
        ruleset,
        Judgement(findings=tuple(findings), totals=counts),
        version="0.0",
        scan=ScanFacts(targets=("aws",), started_at="2026-11-20T07:58:12Z", calls=4_000),
        coverage=coverage_of(coverage),
        gaps=gaps,
    )


def _gaps() -> tuple[Gap, ...]:
    return tuple(
        make_gap(
            scope=f"aws/{100000000000 + n}",
            subject=REGIONS[n % 5],
            wanted="sagemaker:DescribeModel",
            reason=GapReason.DENIED,
            missing_right="sagemaker:DescribeModel",
        )
        for n in range(ACCOUNTS)
    )


def _finding(chance: random.Random, rule: Rule, n: int, gaps: tuple[Gap, ...]) -> Finding:
    account = 100000000000 + chance.randrange(ACCOUNTS)
    region = chance.choice(REGIONS)
    name = f"{chance.choice(TEAMS)}-{chance.getrandbits(28):07x}-{n % 97}"
    service, _, kind = rule.resource.removeprefix("aws.").partition(".")
    resource = f"arn:aws:{service}:{region}:{account}:{kind or service}/{name}"
    is_unread = n % UNREAD_EACH == 0
    gap = gaps[account - 100000000000].id
    paths = sorted(footprint_of(rule.must, rule.when).paths)[:2] or ["id"]
    evidence = tuple(
        Evidence(
            path=path,
            operator="eq",
            expected=True,
            actual=None if is_unread else chance.choice((False, None, chance.randrange(400))),
            is_unread=is_unread,
            gaps=(gap,) if is_unread else (),
            resource=resource,
            source=f"Describe:{path}",
        )
        for path in paths
    )
    return Finding(
        fingerprint=fingerprint(rule.stable_key, resource),
        rule=rule.id,
        status=Status.NOT_ASSESSED if is_unread else Status.FAIL,
        severity=rule.severity,
        category=rule.category,
        concern=rule.concern,
        resource=Subject(
            id=resource,
            type=rule.resource,
            provider="aws",
            scope=f"aws/{account}",
            region=region,
            name=name,
            owner=f"{chance.choice(TEAMS)}-team",
        ),
        message=f"Not assessed: {rule.title}" if is_unread else rule.title,
        evidence=evidence,
        gaps=(gap,) if is_unread else (),
    )
