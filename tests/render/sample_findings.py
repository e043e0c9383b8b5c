"""The findings of the sample company: subjects, gaps, an attack path, a waiver."""

from __future__ import annotations

from sample_rules import RULES

from mlsec.core.digest import fingerprint, make_gap
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import (
    AppliedWaiver,
    AttackPath,
    Evidence,
    Finding,
    PathEdge,
    PathNode,
    Subject,
)

SCOPE = "aws/111122223333"
SECOND_SCOPE = "aws/444455556666"


def subject(kind: str, name: str, region: str = "eu-west-1", scope: str = SCOPE) -> Subject:
    service, _, rest = kind.removeprefix("aws.").partition(".")
    account = scope.partition("/")[2]
    return Subject(
        id=f"arn:aws:{service}:{region}:{account}:{rest.replace('_', '-')}/{name}",
        type=kind,
        provider="aws",
        scope=scope,
        region=region,
        name=name,
        owner="team-ranking" if name.startswith("rank") else "",
    )


def make_finding(
    rule: str,
    subject: Subject,
    evidence: tuple[Evidence, ...] = (),
    status: Status = Status.FAIL,
    gaps: tuple[str, ...] = (),
    waiver: AppliedWaiver | None = None,
    path: AttackPath | None = None,
    message: str = "",
) -> Finding:
    """Build a finding of one of RULES."""
    summary = RULES[rule]
    return Finding(
        fingerprint=fingerprint(rule, subject.id),
        rule=rule,
        status=status,
        severity=summary.severity,
        category=summary.category,
        concern=summary.concern,
        resource=subject,
        message=message or summary.title,
        evidence=evidence,
        gaps=gaps,
        waiver=waiver,
        path=path,
    )


DENIED = make_gap(
    scope=SCOPE,
    subject="us-east-1",
    wanted="bedrock:ListGuardrails",
    reason=GapReason.DENIED,
    missing_right="bedrock:ListGuardrails",
    detail="AccessDeniedException",
)
SLOW = make_gap(
    scope=SCOPE,
    subject="arn:aws:s3:::rank-features",
    wanted="s3:GetBucketPolicy",
    reason=GapReason.TIMEOUT,
)
WAIVER = AppliedWaiver(
    id="W-014",
    reason="Sandbox without customer data",
    owner="maria@example.com",
    expires="2026-12-01",
    ticket="SEC-2214",
)


def _path() -> AttackPath:
    nodes = (
        ("aws.sagemaker.endpoint", "rank-v3", "reached by anyone through the API"),
        ("aws.apigateway.rest_api", "public-ranking", "no authorizer on POST /rank"),
        ("aws.lambda.function", "rank-proxy", ""),
        ("aws.iam.role", "rank-proxy-role", "may write the bucket"),
        ("aws.s3.bucket", "rank-artifacts", "the model is loaded from here"),
        ("aws.sagemaker.model", "rank-v3-2026-11", ""),
    )
    edges = (
        (1, 2, "invokes"),
        (2, 3, "runs as"),
        (3, 4, "s3:PutObject"),
        (4, 5, "holds the artifact of"),
        (5, 0, "is served by"),
        (2, 0, "invokes"),
    )
    return AttackPath(
        nodes=tuple(
            PathNode(id=subject(kind, name).id, type=kind, name=name, note=note)
            for kind, name, note in nodes
        ),
        edges=tuple(PathEdge(source=a, target=b, relation=how) for a, b, how in edges),
    )


def clause(path: str, operator: str, expected: object, actual: object, source: str) -> Evidence:
    return Evidence(path=path, operator=operator, expected=expected, actual=actual, source=source)


def rich_findings() -> tuple[Finding, ...]:
    notebook = "sagemaker/notebook-direct-internet"
    internet = clause(
        "direct_internet",
        "eq",
        "Disabled",
        "Enabled",
        "DescribeNotebookInstance:DirectInternetAccess",
    )
    public = clause(
        "policy.is_public", "eq", expected=False, actual=True, source="GetBucketPolicy:Policy"
    )
    return (
        make_finding(
            "endpoint/model-writable-by-public-caller",
            subject("aws.sagemaker.endpoint", "rank-v3"),
            (
                Evidence(
                    path="callers.role.can_write",
                    operator="not_in",
                    expected=["rank-artifacts"],
                    actual="rank-artifacts",
                    resource=subject("aws.iam.role", "rank-proxy-role").id,
                    source="GetAccountAuthorizationDetails:RoleDetailList.RolePolicyList",
                ),
            ),
            path=_path(),
        ),
        make_finding(notebook, subject("aws.sagemaker.notebook", "train-a"), (internet,)),
        make_finding(
            notebook, subject("aws.sagemaker.notebook", "train-b", scope=SECOND_SCOPE), (internet,)
        ),
        make_finding(
            notebook,
            subject("aws.sagemaker.notebook", "sandbox"),
            (internet,),
            waiver=WAIVER,
        ),
        make_finding(
            "s3/training-bucket-public",
            Subject(
                id="arn:aws:s3:::rank-training",
                type="aws.s3.bucket",
                provider="aws",
                scope=SCOPE,
                region="eu-west-1",
                name="rank-training",
                file="infra/buckets.tf",
                line=12,
                owner="team-ranking",
            ),
            (public,),
        ),
        *(
            make_finding(
                "endpoint/single-instance",
                subject("aws.sagemaker.endpoint", name),
                (
                    clause(
                        "config.variants[0].instance_count",
                        "gte",
                        2,
                        1,
                        "DescribeEndpointConfig:ProductionVariants[0].InitialInstanceCount",
                    ),
                ),
            )
            for name in ("rank-v3", "search-embed", "fraud-score")
        ),
        make_finding(
            "endpoint/no-data-capture",
            subject("aws.sagemaker.endpoint", "fraud-score"),
            (
                clause(
                    "config.capture.enabled",
                    "eq",
                    expected=True,
                    actual=None,
                    source="DescribeEndpointConfig:DataCaptureConfig.EnableCapture",
                ),
            ),
        ),
        make_finding(
            "endpoint/no-rollback-alarm", subject("aws.sagemaker.endpoint", "search-embed")
        ),
        make_finding(
            "bedrock/guardrail-missing",
            subject("aws.bedrock.agent", "helpdesk", region="us-east-1"),
            (
                Evidence(
                    path="guardrail",
                    operator="exists",
                    expected=True,
                    is_unread=True,
                    gaps=(DENIED.id,),
                ),
            ),
            status=Status.NOT_ASSESSED,
            gaps=(DENIED.id,),
        ),
        make_finding(
            "s3/training-bucket-public",
            Subject(
                id="arn:aws:s3:::rank-features",
                type="aws.s3.bucket",
                provider="aws",
                scope=SCOPE,
                region="eu-west-1",
                name="rank-features",
            ),
            status=Status.NOT_ASSESSED,
            gaps=(SLOW.id,),
        ),
    )
