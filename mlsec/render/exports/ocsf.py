"""results.ocsf.json: OCSF 1.7 Compliance Finding events (class 2003), for a SIEM or a data lake."""

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
from mlsec.render.exports.clock import unix_seconds
from mlsec.render.exports.rows import observed, reasons_of, status_word
from mlsec.render.settings import DEFAULT, RenderSettings

VERSION = "1.7.0"
_CLASS, _CATEGORY = 2003, 2
_SEVERITY = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
# OCSF: a warning is a check that "did not yield a result due to missing information".
_CHECK = {"fail": (3, "Fail"), "waived": (3, "Fail"), "not assessed": (2, "Warning")}
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")
_CREATE, _UPDATE = (1, "Create"), (2, "Update")
_CLOUD = {"aws": "AWS", "azure": "MS Azure", "gcp": "GCP"}
_LINK = re.compile(r"https://[\x21-\x7e]+")


def render_ocsf(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write an array of events, one a line: failures, waived ones, and what was not assessed.

    Passes are left out: a store of findings would hold little else.
    """
    del settings
    encoder = msgspec.json.Encoder()
    start = b"[\n"
    for event in _events(assessment):
        yield start + masked(encoder.encode(event))
        start = b",\n"
    yield b"[]\n" if start == b"[\n" else b"\n]\n"


def _events(assessment: Assessment) -> Iterator[dict[str, Any]]:
    rules = {rule.id: rule for rule in assessment.rules}
    gaps = {gap.id: gap for gap in assessment.gaps}
    time_ms = round(unix_seconds(assessment.scan.finished_at) * 1000)
    product = {"name": "mlsec", "vendor_name": "mlsec", "version": shown(assessment.tool.version)}
    for finding in tally.sorted_findings(assessment):
        event = _event(finding, rules.get(finding.rule), gaps)
        event["metadata"] |= {"product": product}
        yield event | {"time": time_ms}


def _event(finding: Finding, rule: RuleSummary | None, gaps: Mapping[str, Gap]) -> dict[str, Any]:
    activity = _UPDATE if finding.change in ("unchanged", "regressed") else _CREATE
    severity, state = _SEVERITY[finding.severity], _NEW if finding.waiver is None else _SUPPRESSED
    event: dict[str, Any] = {
        "activity_id": activity[0],
        "activity_name": activity[1],
        "category_name": "Findings",
        "category_uid": _CATEGORY,
        "class_name": "Compliance Finding",
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + activity[0],
        "type_name": f"Compliance Finding: {activity[1]}",
        "severity_id": severity[0],
        "severity": severity[1],
        "status_id": state[0],
        "status": state[1],
        "message": shown(finding.message, 500),
        "metadata": {"version": VERSION, "event_code": shown(finding.rule)},
        "finding_info": _info(finding, rule),
        "compliance": _compliance(finding, rule, gaps),
        "resources": [_resource(finding)],
    }
    if finding.waiver is not None:
        waiver = finding.waiver
        event["comment"] = (
            f"waived until {shown(waiver.expires, 20)} by {shown(waiver.owner, 80)}:"
            f" {shown(waiver.reason, 300)}"
        )
    if rule is not None:
        event["remediation"] = _remediation(finding, rule)
    if provider := _CLOUD.get(finding.resource.provider):
        event["cloud"] = _cloud(finding, provider)
        event["metadata"]["profiles"] = ["cloud"]
    return event


def _info(finding: Finding, rule: RuleSummary | None) -> dict[str, Any]:
    title = shown(rule.title if rule else finding.rule)
    return {
        "uid": shown(finding.fingerprint),
        "title": title,
        "desc": shown(rule.why) if rule else "",
        "types": [finding.concern.value, finding.category.value],
        "analytic": {"uid": shown(finding.rule), "name": title, "type_id": 1, "type": "Rule"},
    }


def _compliance(
    finding: Finding, rule: RuleSummary | None, gaps: Mapping[str, Gap]
) -> dict[str, Any]:
    number, caption = _CHECK[status_word(finding)]
    details = [reasons_of(finding, gaps)] if number == _CHECK["not assessed"][0] else []
    details.append(observed(finding))
    controls = [shown(link.id) for link in rule.controls] if rule else []
    return {
        "control": shown(finding.rule),
        "status_id": number,
        "status": caption,
        "status_details": [detail for detail in details if detail],
        "standards": sorted({control.split("/")[0] for control in controls}),
        "requirements": controls,
    }


def _resource(finding: Finding) -> dict[str, Any]:
    subject = finding.resource
    resource: dict[str, Any] = {
        "uid": shown_id(subject.id),
        "name": shown(subject.name, 300),
        "type": shown(subject.type),
        "namespace": shown(subject.scope),
    }
    if subject.region:
        resource["region"] = shown(subject.region)
    if subject.owner:
        resource["owner"] = {"name": shown(subject.owner, 300)}
    if subject.file:
        resource["data"] = {"file": shown(subject.file), "line": subject.line}
    return resource


def _remediation(finding: Finding, rule: RuleSummary) -> dict[str, Any]:
    links = [link for link in rule.references if _LINK.fullmatch(link)]
    text = shown(rule.fix.on(finding.resource.provider).text)
    return {"desc": text, "references": links} if links else {"desc": text}


def _cloud(finding: Finding, provider: str) -> dict[str, Any]:
    subject = finding.resource
    cloud: dict[str, Any] = {"provider": provider}
    if account := subject.scope.partition("/")[2]:
        cloud["account"] = {"uid": shown(account)}
    if subject.region:
        cloud["region"] = shown(subject.region)
    return cloud
