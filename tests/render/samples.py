"""Assessments to render: small, rich, empty, unread, hostile and huge; all built, none recorded."""

from __future__ import annotations

import msgspec

from mlsec.core.assessment import (
    Assessment,
    ControlLink,
    ControlResult,
    Fix,
    RuleSummary,
    ScanFacts,
    StatusCounts,
    Tool,
    WaiverState,
)
from mlsec.core.closed_sets import Category, Concern, GapReason, RuleStatus, Severity, Status
from mlsec.core.digest import fingerprint, make_gap
from mlsec.core.finding import (
    AppliedWaiver,
    AttackPath,
    Evidence,
    Finding,
    PathEdge,
    PathNode,
    Subject,
)
from mlsec.core.resource import Gap, TypeCoverage

SCOPE = "aws/111122223333"
SECOND_SCOPE = "aws/444455556666"
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

RULES: dict[str, RuleSummary] = {}


def _rule(  # noqa: PLR0917 - a table row
    ident: str,
    title: str,
    severity: Severity,
    category: Category,
    concern: Concern,
    resource: str,
    why: str,
    fix: Fix,
    controls: tuple[str, ...] = (),
    equivalents: tuple[str, ...] = (),
) -> None:
    RULES[ident] = RuleSummary(
        id=ident,
        title=title,
        severity=severity,
        category=category,
        concern=concern,
        status=RuleStatus.STABLE,
        resource=resource,
        why=why,
        fix=fix,
        controls=tuple(
            ControlLink(id=one, because="the setting decides whether the boundary holds")
            for one in controls
        ),
        equivalents=equivalents,
        references=("https://docs.aws.amazon.com/sagemaker/latest/dg/security.html",),
    )


_rule(
    "endpoint/model-writable-by-public-caller",
    "Whoever may call the endpoint can replace its model",
    Severity.CRITICAL,
    Category.ACCESS,
    Concern.SECURITY,
    "endpoint",
    "A caller from the internet reaches a role that may write the bucket the model is loaded from. "
    "The next deployment then runs the caller's code with the endpoint's rights.",
    Fix(
        text="Take s3:PutObject on the artifact bucket away from the role behind the API, and let "
        "only the build pipeline write there.",
        cli="aws iam delete-role-policy --role-name {name} --policy-name artifacts-write",
        terraform='resource "aws_s3_bucket_policy" "artifacts" {\n  # deny PutObject but for CI\n}',
    ),
    ("nist-800-53/AC-6", "nist-800-53/SC-7", "atlas/AML.T0010"),
)
_rule(
    "sagemaker/notebook-direct-internet",
    "Notebook has a direct path to the internet",
    Severity.HIGH,
    Category.EXPOSURE,
    Concern.SECURITY,
    "aws.sagemaker.notebook",
    "Anyone who runs code in the notebook can send training data out past every network control.",
    Fix(
        text="Put it in a subnet and recreate it; the setting is immutable.",
        cli="aws sagemaker stop-notebook-instance --notebook-instance-name {name} "
        "--region {region}",
        terraform='direct_internet_access = "Disabled"',
        cloudformation="DirectInternetAccess: Disabled",
    ),
    ("nist-800-53/SC-7", "nist-csf-2.0/PR.IR-01"),
    (
        "prowler:sagemaker_notebook_instance_without_direct_internet_access_configured",
        "checkov:CKV_AWS_122",
    ),
)
_rule(
    "s3/training-bucket-public",
    "Bucket with training data can be read by anyone",
    Severity.HIGH,
    Category.DATA,
    Concern.DATA,
    "aws.s3.bucket",
    "Training data may hold personal data and tells an attacker how to steer the model.",
    Fix(
        text="Turn on all four settings of the public access block.",
        cli="aws s3api put-public-access-block --bucket {name} --public-access-block-configuration "
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,"
        "RestrictPublicBuckets=true",
    ),
    ("nist-800-53/AC-3", "iso-27001/A.8.3"),
)
_rule(
    "endpoint/single-instance",
    "Endpoint runs on one instance",
    Severity.MEDIUM,
    Category.RESILIENCE,
    Concern.INFRASTRUCTURE,
    "endpoint",
    "One failed host takes the model offline; instances spread over zones only from two upwards.",
    Fix(text="Give each production variant two or more instances, or autoscaling from two."),
    ("nist-800-53/CP-10",),
)
_rule(
    "endpoint/no-data-capture",
    "Endpoint does not record what it is asked and answers",
    Severity.MEDIUM,
    Category.LOGGING,
    Concern.MONITORING,
    "endpoint",
    "Without captured traffic, drift and abuse stay unseen and an incident cannot be followed.",
    Fix(text="Turn on data capture in the endpoint's configuration."),
    ("nist-800-53/AU-12",),
)
_rule(
    "endpoint/no-rollback-alarm",
    "Deployment of the endpoint has no rollback alarm",
    Severity.LOW,
    Category.RESILIENCE,
    Concern.DEPLOYMENT,
    "endpoint",
    "A bad model version stays in service until a person notices.",
    Fix(text="Add an auto-rollback configuration with at least one alarm."),
    ("nist-800-53/CM-3",),
)
_rule(
    "bedrock/guardrail-missing",
    "Agent answers without a guardrail",
    Severity.HIGH,
    Category.GOVERNANCE,
    Concern.SECURITY,
    "aws.bedrock.agent",
    "Nothing filters prompts and answers, so injected instructions reach the agent's actions.",
    Fix(text="Attach a guardrail version (not DRAFT) to the agent and its alias."),
    ("owasp-llm/LLM01", "nist-800-53/SI-10"),
)


def _subject(kind: str, name: str, region: str = "eu-west-1", scope: str = SCOPE) -> Subject:
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
            PathNode(id=_subject(kind, name).id, type=kind, name=name, note=note)
            for kind, name, note in nodes
        ),
        edges=tuple(PathEdge(source=a, target=b, relation=how) for a, b, how in edges),
    )


def _evidence(path: str, operator: str, expected: object, actual: object, source: str) -> Evidence:
    return Evidence(path=path, operator=operator, expected=expected, actual=actual, source=source)


def _rich_findings() -> tuple[Finding, ...]:
    notebook = "sagemaker/notebook-direct-internet"
    internet = _evidence(
        "direct_internet",
        "eq",
        "Disabled",
        "Enabled",
        "DescribeNotebookInstance:DirectInternetAccess",
    )
    public = _evidence(
        "policy.is_public", "eq", expected=False, actual=True, source="GetBucketPolicy:Policy"
    )
    return (
        make_finding(
            "endpoint/model-writable-by-public-caller",
            _subject("aws.sagemaker.endpoint", "rank-v3"),
            (
                Evidence(
                    path="callers.role.can_write",
                    operator="not_in",
                    expected=["rank-artifacts"],
                    actual="rank-artifacts",
                    resource=_subject("aws.iam.role", "rank-proxy-role").id,
                    source="GetAccountAuthorizationDetails:RoleDetailList.RolePolicyList",
                ),
            ),
            path=_path(),
        ),
        make_finding(notebook, _subject("aws.sagemaker.notebook", "train-a"), (internet,)),
        make_finding(
            notebook, _subject("aws.sagemaker.notebook", "train-b", scope=SECOND_SCOPE), (internet,)
        ),
        make_finding(
            notebook,
            _subject("aws.sagemaker.notebook", "sandbox"),
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
                _subject("aws.sagemaker.endpoint", name),
                (
                    _evidence(
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
            _subject("aws.sagemaker.endpoint", "fraud-score"),
            (
                _evidence(
                    "config.capture.enabled",
                    "eq",
                    expected=True,
                    actual=None,
                    source="DescribeEndpointConfig:DataCaptureConfig.EnableCapture",
                ),
            ),
        ),
        make_finding(
            "endpoint/no-rollback-alarm", _subject("aws.sagemaker.endpoint", "search-embed")
        ),
        make_finding(
            "bedrock/guardrail-missing",
            _subject("aws.bedrock.agent", "helpdesk", region="us-east-1"),
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


def _coverage() -> tuple[TypeCoverage, ...]:
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


def rich() -> Assessment:
    """A believable scan: an attack path, failures of every severity, gaps, three waivers."""
    findings = _rich_findings()
    passed = {
        "endpoint/no-data-capture": tuple(
            _subject("aws.sagemaker.endpoint", name).id for name in ("rank-v3", "search-embed")
        ),
        "s3/training-bucket-public": tuple(f"arn:aws:s3:::rank-data-{n}" for n in range(4)),
        "endpoint/no-rollback-alarm": tuple(
            _subject("aws.sagemaker.endpoint", name).id for name in ("rank-v3", "fraud-score")
        ),
    }
    return Assessment(
        tool=TOOL,
        scan=SCAN,
        totals=_counted(findings, passed),
        coverage=_coverage(),
        findings=findings,
        gaps=(DENIED, SLOW),
        rules=_with_counts(findings, passed),
        passed=passed,
        controls=_controls(),
        waivers=_waivers(),
        notices=("eu-south-2 is not enabled in aws/444455556666 and was not asked.",),
    )


def _controls() -> tuple[ControlResult, ...]:
    rows = (
        (
            "nist-800-53",
            "AC-3",
            "Access Enforcement",
            "not_supported",
            ("s3/training-bucket-public",),
        ),
        ("nist-800-53", "AC-6", "Least Privilege", "not_supported", ()),
        (
            "nist-800-53",
            "AU-12",
            "Audit Record Generation",
            "partly",
            ("endpoint/no-data-capture",),
        ),
        ("nist-800-53", "CM-3", "Configuration Change Control", "partly", ()),
        ("nist-800-53", "CP-10", "System Recovery", "not_supported", ("endpoint/single-instance",)),
        ("nist-800-53", "SC-28", "Protection of Information at Rest", "supported", ()),
        ("nist-800-53", "SI-10", "Information Input Validation", "not_assessed", ()),
        ("nist-800-53", "PE-3", "Physical Access Control", "manual", ()),
        ("iso-27001", "A.8.3", "", "not_supported", ("s3/training-bucket-public",)),
        ("owasp-llm", "LLM01", "Prompt Injection", "not_assessed", ("bedrock/guardrail-missing",)),
    )
    return tuple(
        ControlResult(
            framework=framework,
            id=ident,
            title=title,
            result=result,
            rules=rules,
            counts=StatusCounts(passed=2, failed=1) if result == "partly" else StatusCounts(),
        )
        for framework, ident, title, result, rules in rows
    )


def _waivers() -> tuple[WaiverState, ...]:
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
    return Assessment(
        tool=whole.tool,
        scan=whole.scan,
        totals=_counted(findings, passed),
        coverage=whole.coverage,
        findings=findings,
        gaps=(DENIED,),
        rules=tuple(one for one in _with_counts(findings, passed) if one.id in keep),
        passed=passed,
        controls=whole.controls,
        waivers=whole.waivers,
        notices=whole.notices,
    )


def empty() -> Assessment:
    """Nothing was asked: no coverage, no rules, no findings."""
    return Assessment(tool=TOOL, scan=SCAN)


def clean() -> Assessment:
    """All was read and all passed."""
    passed = {"endpoint/single-instance": (_subject("aws.sagemaker.endpoint", "rank-v3").id,)}
    coverage = (
        TypeCoverage(
            type="aws.sagemaker.endpoint",
            scope=SCOPE,
            region="eu-west-1",
            enumerated=1,
            assessed=1,
        ),
    )
    return Assessment(
        tool=TOOL,
        scan=SCAN,
        totals=StatusCounts(passed=1),
        coverage=coverage,
        rules=_with_counts((), passed),
        passed=passed,
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
        subject = Subject(
            id=f"{SCOPE}/eu-west-1/{rule.resource}",
            type=rule.resource,
            provider="aws",
            scope=SCOPE,
            region="eu-west-1",
        )
        findings.append(make_finding(rule.id, subject, status=Status.NOT_ASSESSED, gaps=(gap.id,)))
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
    return Assessment(
        tool=TOOL,
        scan=SCAN,
        totals=StatusCounts(not_assessed=len(findings)),
        coverage=tuple(coverage),
        findings=tuple(findings),
        gaps=tuple(unique.values()),
        rules=_with_counts(tuple(findings), {}),
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
        subject = _subject(
            kind if kind.startswith("aws.") else "aws.sagemaker.endpoint",
            f"rank-{n:06d}",
            regions[n // 7 % len(regions)],
            scope,
        )
        evidence = _evidence(
            "config.variants[0].instance_count", "gte", 2, n % 2, "DescribeEndpointConfig:Variants"
        )
        findings.append(make_finding(rule, subject, (evidence,)))
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
    return Assessment(
        tool=TOOL,
        scan=SCAN,
        totals=StatusCounts(failed=count),
        coverage=coverage,
        findings=whole,
        rules=_with_counts(whole, {}),
    )
