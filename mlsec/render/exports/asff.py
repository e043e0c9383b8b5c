"""results.asff.json: AWS Security Finding Format, for AWS Security Hub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.display import masked, shown, shown_id
from mlsec.render.exports.clock import rfc3339
from mlsec.render.exports.rows import observed, reasons_of, status_word
from mlsec.render.links import is_link
from mlsec.render.settings import DEFAULT, RenderSettings

_SCOPE = re.compile(r"aws/([0-9]{12})")
_ARN = re.compile(r"arn:(aws(?:-[a-z]+)*):")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
# Where an account has its global resources, by partition.
_HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_SEVERITY = {Severity.INFO: "INFORMATIONAL"}
_STATUS = {"fail": "FAILED", "waived": "FAILED", "not assessed": "NOT_AVAILABLE"}
_TYPES = {
    "aws.ecr.repository": "AwsEcrRepository",
    "aws.iam.role": "AwsIamRole",
    "aws.kms.key": "AwsKmsKey",
    "aws.lambda.function": "AwsLambdaFunction",
    "aws.s3.bucket": "AwsS3Bucket",
    "aws.sagemaker.notebook_instance": "AwsSageMakerNotebookInstance",
}
# Limits of the format. Source: BatchImportFindings, API reference of Security Hub.
_TITLE, _DESCRIPTION, _ADVICE, _FIELD, _ID = 256, 1024, 512, 1024, 512


def render_asff(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write an array of findings, one a line: those of AWS accounts, which are all it can hold.

    Failures are FAILED (waived ones suppressed); what was not assessed is NOT_AVAILABLE. Security
    Hub takes 100 findings a call.
    """
    del settings
    encoder = msgspec.json.Encoder()
    rules = {rule.id: rule for rule in assessment.rules}
    gaps = {gap.id: gap for gap in assessment.gaps}
    start = b"[\n"
    for finding in tally.sorted_findings(assessment):
        if scope := _SCOPE.fullmatch(finding.resource.scope):
            entry = _entry(finding, scope[1], rules.get(finding.rule), gaps)
            entry["CreatedAt"] = entry["UpdatedAt"] = rfc3339(assessment.scan.finished_at)
            yield start + masked(encoder.encode(entry))
            start = b",\n"
    yield b"[]\n" if start == b"[\n" else b"\n]\n"


def _entry(
    finding: Finding, account: str, rule: RuleSummary | None, gaps: Mapping[str, Gap]
) -> dict[str, Any]:
    word = status_word(finding)
    partition, region = _place(finding)
    rule_id, why = shown(finding.rule, 256) or "mlsec", reasons_of(finding, gaps)
    about = f"Not assessed: {why}." if word == "not assessed" else finding.message
    entry: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": shown(f"mlsec/{finding.fingerprint}", _ID),
        "ProductArn": (
            f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"
        ),
        "ProductName": "mlsec",
        "CompanyName": "mlsec",
        "GeneratorId": f"mlsec/{rule_id}",
        "AwsAccountId": account,
        "Region": region,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "Severity": {
            "Label": _SEVERITY.get(finding.severity, finding.severity.value.upper()),
            "Original": finding.severity.value,
        },
        "Title": shown(rule.title if rule else rule_id, _TITLE),
        "Description": shown(about or rule_id, _DESCRIPTION),
        "Resources": [_resource(finding, partition, region)],
        "Compliance": {"Status": _STATUS[word]},
        "Workflow": {"Status": "SUPPRESSED" if word == "waived" else "NEW"},
        "RecordState": "ACTIVE",
        "ProductFields": {
            f"mlsec/{name}": value
            for name, value in _fields(finding).items()
            if value
        },
    }  # fmt: skip
    if rule is not None:
        entry["Remediation"] = {"Recommendation": _advice(finding, rule)}
    return entry


def _fields(finding: Finding) -> dict[str, str]:
    return {
        "observed": shown(observed(finding), _FIELD),
        "owner": shown(finding.resource.owner, _FIELD),
        "concern": finding.concern.value,
        "fingerprint": shown(finding.fingerprint, _FIELD),
    }


def _resource(finding: Finding, partition: str, region: str) -> dict[str, Any]:
    subject = finding.resource
    return {
        "Id": shown(shown_id(subject.id), _ID) or "unknown",
        "Type": _TYPES.get(subject.type, "Other"),
        "Partition": partition,
        "Region": region,
    }


def _advice(finding: Finding, rule: RuleSummary) -> dict[str, str]:
    advice = {"Text": shown(rule.fix.on(finding.resource.provider).text or rule.title, _ADVICE)}
    links = [link for link in rule.references if is_link(link)]
    return advice | {"Url": links[0]} if links else advice


def _place(finding: Finding) -> tuple[str, str]:
    """Give partition and region; a global resource is where the partition has its home."""
    arn = _ARN.match(finding.resource.id)
    partition = arn[1] if arn and arn[1] in _HOME else "aws"
    region = finding.resource.region
    return partition, region if _REGION.fullmatch(region) else _HOME[partition]
