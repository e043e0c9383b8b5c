"""Assessments to render: small, rich, empty, unread, hostile and huge; all built, none recorded."""

from __future__ import annotations

import msgspec
from sample_facts import FRAMEWORKS, SAMPLE_FRAMEWORKS, SCAN, TOOL, controls, coverage, waivers
from sample_findings import (
    DENIED,
    SCOPE,
    SLOW,
    clause,
    make_finding,
    rich_findings,
    subject,
)
from sample_rules import RULES

from mlsec.core.assessment import (
    Assessment,
    Observed,
    RuleSummary,
    StatusCounts,
)
from mlsec.core.catalogue import Catalogue, catalogue_digest, catalogue_rule
from mlsec.core.cause import own_cause
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import (
    Finding,
    Subject,
)
from mlsec.core.resource import Gap


def _counted(findings: tuple[Finding, ...], passed: dict[str, tuple[str, ...]]) -> StatusCounts:
    failed = [one for one in findings if one.status is Status.FAIL]
    return StatusCounts(
        passed=sum(map(len, passed.values())),
        failed=len(failed),
        not_assessed=sum(1 for one in findings if one.status is Status.NOT_ASSESSED),
        not_applicable=4,
        waived=sum(1 for one in failed if one.waiver),
    )


def _with_counts(
    findings: tuple[Finding, ...], passed: dict[str, tuple[str, ...]]
) -> tuple[RuleSummary, ...]:
    return tuple(
        msgspec.structs.replace(
            rule,
            counts=_counted(
                tuple(one for one in findings if one.rule == ident),
                {ident: passed.get(ident, ())},
            ),
        )
        for ident, rule in sorted(RULES.items())
    )


def described(assessment: Assessment) -> Assessment:
    """Add the catalogue and a cause for each failure, as a scan does."""
    catalogue = Catalogue(
        rules=tuple(map(catalogue_rule, assessment.rules)), frameworks=SAMPLE_FRAMEWORKS
    )
    tool = msgspec.structs.replace(assessment.tool, catalogue_digest=catalogue_digest(catalogue))
    failed = [one for one in assessment.findings if one.status is Status.FAIL]
    causes = tuple(sorted(map(own_cause, failed), key=lambda one: (one.severity.rank, one.facts)))
    return msgspec.structs.replace(assessment, catalogue=catalogue, tool=tool, causes=causes)


def rich() -> Assessment:
    """A believable scan: an attack path, failures of every severity, gaps, three waivers."""
    findings = rich_findings()
    passed = {
        "endpoint/no-data-capture": tuple(
            subject("aws.sagemaker.endpoint", name).id for name in ("rank-v3", "search-embed")
        ),
        "s3/training-bucket-public": tuple(f"arn:aws:s3:::rank-data-{n}" for n in range(4)),
        "endpoint/no-rollback-alarm": tuple(
            subject("aws.sagemaker.endpoint", name).id for name in ("rank-v3", "fraud-score")
        ),
    }
    return described(
        Assessment(
            tool=TOOL,
            scan=SCAN,
            totals=_counted(findings, passed),
            coverage=coverage_of(coverage()),
            findings=findings,
            gaps=(DENIED, SLOW),
            rules=_with_counts(findings, passed),
            passed=passed,
            observed={
                "s3/training-bucket-public": (
                    Observed(values={"policy.is_public": False}, resources=(0, 1, 3)),
                )
            },
            frameworks=FRAMEWORKS,
            controls=controls(),
            waivers=waivers(),
            notices=("eu-south-2 is not enabled in aws/444455556666 and was not asked.",),
        )
    )


def small() -> Assessment:
    """The few things a golden file can show whole."""
    whole = rich()
    keep = {
        "endpoint/model-writable-by-public-caller",
        "sagemaker/notebook-direct-internet",
        "bedrock/guardrail-missing",
    }
    findings = tuple(one for one in whole.findings if one.rule in keep)
    passed = {"sagemaker/notebook-direct-internet": ("arn:aws:sagemaker:eu-west-1:1:notebook/ok",)}
    return described(
        Assessment(
            tool=whole.tool,
            scan=whole.scan,
            totals=_counted(findings, passed),
            coverage=whole.coverage,
            findings=findings,
            gaps=(DENIED,),
            rules=tuple(one for one in _with_counts(findings, passed) if one.id in keep),
            passed=passed,
            frameworks=whole.frameworks,
            controls=whole.controls,
            waivers=whole.waivers,
            notices=whole.notices,
        )
    )


def empty() -> Assessment:
    """Nothing was asked: no coverage, no rules, no findings."""
    return described(Assessment(tool=TOOL, scan=SCAN))


def clean() -> Assessment:
    """All was read and all passed."""
    passed = {"endpoint/single-instance": (subject("aws.sagemaker.endpoint", "rank-v3").id,)}
    coverage = (
        TypeCoverage(
            type="aws.sagemaker.endpoint",
            scope=SCOPE,
            region="eu-west-1",
            enumerated=1,
            assessed=1,
        ),
    )
    return described(
        Assessment(
            tool=TOOL,
            scan=SCAN,
            totals=StatusCounts(passed=1),
            coverage=coverage_of(coverage),
            rules=_with_counts((), passed),
            passed=passed,
        )
    )


def unread() -> Assessment:
    """Every call was denied: nothing assessed, so nothing may look fine."""
    gaps: list[Gap] = []
    findings = []
    coverage = []
    for rule in RULES.values():
        gap = make_gap(
            scope=SCOPE,
            subject="eu-west-1",
            wanted=f"sagemaker:List{rule.category.value.title()}",
            reason=GapReason.DENIED,
            missing_right=f"sagemaker:List{rule.category.value.title()}",
        )
        gaps.append(gap)
        whole = Subject(
            id=f"{SCOPE}/eu-west-1/{rule.resource}",
            type=rule.resource,
            provider="aws",
            scope=SCOPE,
            region="eu-west-1",
        )
        findings.append(make_finding(rule.id, whole, status=Status.NOT_ASSESSED, gaps=(gap.id,)))
        coverage.append(
            TypeCoverage(
                type=rule.resource,
                scope=SCOPE,
                region="eu-west-1",
                is_complete=False,
                gaps=(gap.id,),
            )
        )
    unique = {gap.id: gap for gap in gaps}
    return described(
        Assessment(
            tool=TOOL,
            scan=SCAN,
            totals=StatusCounts(not_assessed=len(findings)),
            coverage=coverage_of(coverage),
            findings=tuple(findings),
            gaps=tuple(unique.values()),
            rules=_with_counts(tuple(findings), {}),
        )
    )


def huge(count: int, scopes: int = 1) -> Assessment:
    """Many failures, spread over rules, regions, types and scopes."""
    rules = sorted(RULES)
    regions = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1")
    findings = []
    for n in range(count):
        rule = rules[n % len(rules)]
        kind = RULES[rule].resource
        scope = f"aws/{100000000000 + n % scopes}"
        one = subject(
            kind if kind.startswith("aws.") else "aws.sagemaker.endpoint",
            f"rank-{n:06d}",
            regions[n // 7 % len(regions)],
            scope,
        )
        evidence = clause(
            "config.variants[0].instance_count", "gte", 2, n % 2, "DescribeEndpointConfig:Variants"
        )
        findings.append(make_finding(rule, one, (evidence,)))
    coverage = tuple(
        TypeCoverage(
            type="aws.sagemaker.endpoint",
            scope=f"aws/{100000000000 + n}",
            region="eu-west-1",
            enumerated=count // scopes,
            assessed=count // scopes,
        )
        for n in range(scopes)
    )
    whole = tuple(sorted(findings, key=lambda f: (f.severity.rank, f.rule, f.resource.id)))
    return described(
        Assessment(
            tool=TOOL,
            scan=SCAN,
            totals=StatusCounts(failed=count),
            coverage=coverage_of(coverage),
            findings=whole,
            rules=_with_counts(whole, {}),
        )
    )
