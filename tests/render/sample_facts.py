"""Scan facts, coverage, controls and waivers of the sample company."""

from __future__ import annotations

from sample_findings import DENIED, SCOPE, SECOND_SCOPE, SLOW

from mlsec.core.assessment import (
    ControlResult,
    FrameworkResult,
    ScanFacts,
    StatusCounts,
    Tool,
    WaiverState,
)
from mlsec.core.coverage import TypeCoverage
from mlsec.core.enums import ControlStatus, FrameworkKind
from mlsec.core.framework import Control, Framework

TOOL = Tool(
    version="0.1.0",
    rules_digest="sha256:5f0c2d7e9a41b3c8",
    rules_count=12,
    vocabulary_digest="sha256:77aa01c29be4d310",
)
SCAN = ScanFacts(
    targets=("aws://111122223333/eu-west-1,us-east-1", "aws://444455556666/eu-west-1"),
    started_at="2026-11-20T07:58:12Z",
    finished_at="2026-11-20T07:59:40Z",
    principal="arn:aws:sts::111122223333:assumed-role/mlsec-read/nightly",
    host="ci-runner-7",
    command="mlsec scan aws://111122223333/eu-west-1,us-east-1 -o out",
    snapshot_digest="sha256:0d9f8e7c6b5a4938",
    calls=412,
    operations={
        "sagemaker:ListEndpoints": 3,
        "sagemaker:DescribeEndpointConfig": 61,
        "sagemaker:ListNotebookInstances": 3,
        "s3:GetBucketPolicy": 44,
        "iam:GetAccountAuthorizationDetails": 4,
        "bedrock:ListGuardrails": 3,
    },
    settings={"concurrency": "16", "regions": "eu-west-1, us-east-1"},
    parameters={"max_key_age_days": 90},
)


def coverage() -> tuple[TypeCoverage, ...]:
    rows = (
        ("aws.sagemaker.endpoint", SCOPE, "eu-west-1", 3, 3, 0, 0),
        ("aws.sagemaker.notebook", SCOPE, "eu-west-1", 3, 2, 1, 0),
        ("aws.s3.bucket", SCOPE, "eu-west-1", 6, 5, 0, 1),
        ("aws.bedrock.agent", SCOPE, "us-east-1", 1, 1, 0, 0),
        ("aws.sagemaker.notebook", SECOND_SCOPE, "eu-west-1", 1, 1, 0, 0),
    )
    known = tuple(
        TypeCoverage(
            type=kind,
            scope=scope,
            region=region,
            enumerated=total,
            assessed=assessed,
            excluded=excluded,
            errored=errored,
            excluded_because="deleted within the hour" if excluded else "",
            gaps=(SLOW.id,) if errored else (),
        )
        for kind, scope, region, total, assessed, excluded, errored in rows
    )
    unlisted = TypeCoverage(
        type="aws.bedrock.guardrail",
        scope=SCOPE,
        region="us-east-1",
        is_complete=False,
        gaps=(DENIED.id,),
    )
    return (*known, unlisted)


SAMPLE_FRAMEWORKS = (
    Framework(
        id="nist-800-53",
        title="NIST SP 800-53 Rev. 5",
        kind=FrameworkKind.CATALOGUE,
        profiles={"low": ("AC-3", "PE-3")},
        controls={
            "AC-3": Control(
                title="Access Enforcement",
                tests="Buckets of training data admit nobody without credentials.",
                does_not_test="Access decisions inside applications.",
            ),
            "AC-6": Control(title="Least Privilege"),
            "PE-3": Control(title="Physical Access Control"),
            "SC-7": Control(title="Boundary Protection"),
            "SI-10": Control(title="Information Input Validation"),
        },
    ),
)
FRAMEWORKS = (
    FrameworkResult(
        id="iso-27001",
        title="ISO/IEC 27001:2022 Annex A",
        controls=93,
        results={
            ControlStatus.NO_EVIDENCE.value: 30,
            ControlStatus.AGAINST.value: 1,
            ControlStatus.MANUAL.value: 62,
        },
    ),
    FrameworkResult(
        id="nist-800-53",
        title="NIST SP 800-53 Rev. 5",
        controls=1_007,
        results={
            ControlStatus.NO_EVIDENCE.value: 96,
            ControlStatus.AGAINST.value: 3,
            ControlStatus.NOT_ASSESSED.value: 1,
            ControlStatus.TESTED_PART.value: 1,
            ControlStatus.MANUAL.value: 906,
        },
    ),
)


def controls() -> tuple[ControlResult, ...]:
    """What is told of single controls; the others are only counted."""
    against, passed = ControlStatus.AGAINST, StatusCounts(passed=2)
    bucket, one_of_three = "s3/training-bucket-public", StatusCounts(passed=2, failed=1)
    rows = (
        ("iso-27001", "A.8.3", "", against, (bucket,), one_of_three, ()),
        ("nist-800-53", "AC-3", "Access Enforcement", against, (bucket,), one_of_three, ()),
        (
            "nist-800-53",
            "AU-12",
            "Audit Record Generation",
            against,
            ("endpoint/no-data-capture",),
            one_of_three,
            (),
        ),
        (
            "nist-800-53",
            "CP-10",
            "System Recovery",
            against,
            ("endpoint/single-instance",),
            StatusCounts(failed=1),
            (),
        ),
        (
            "nist-800-53",
            "SC-28",
            "Protection of Information at Rest",
            ControlStatus.TESTED_PART,
            ("endpoint/no-data-capture",),
            passed,
            (),
        ),
        (
            "nist-800-53",
            "SI-10",
            "Information Input Validation",
            ControlStatus.NOT_ASSESSED,
            ("bedrock/guardrail-missing",),
            StatusCounts(not_assessed=1),
            (),
        ),
        (
            "nist-800-53",
            "SI-4",
            "System Monitoring",
            ControlStatus.NO_EVIDENCE,
            ("endpoint/no-data-capture",),
            passed,
            ("activity-alarm",),
        ),
    )
    return tuple(
        ControlResult(
            framework=framework,
            id=ident,
            title=title,
            result=result,
            rules=rules,
            counts=counts,
            missing=missing,
        )
        for framework, ident, title, result, rules, counts, missing in rows
    )


def waivers() -> tuple[WaiverState, ...]:
    def waiver(ident: str, state: str, expires: str, **more: object) -> WaiverState:
        return WaiverState(
            id=ident,
            rule="sagemaker/notebook-direct-internet",
            resource="arn:aws:sagemaker:*:*:notebook/sandbox*",
            reason="Sandbox without customer data",
            owner="maria@example.com",
            expires=expires,
            state=state,
            ticket="SEC-2214",
            **more,  # type: ignore[arg-type]
        )

    return (
        waiver("W-014", "used", "2026-12-01", findings=1, is_near_end=True),
        waiver("W-003", "expired", "2026-10-31"),
        waiver("W-009", "unused", "2027-03-01", is_broad=True),
    )
