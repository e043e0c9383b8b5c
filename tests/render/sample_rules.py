"""The rules that the sample assessments were judged by."""

from __future__ import annotations

from mlsec.core.assessment import RuleSummary
from mlsec.core.catalogue import ControlLink, Fix
from mlsec.core.enums import Category, Concern, RuleStatus, Severity

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
