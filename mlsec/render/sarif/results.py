"""SARIF results: one for each finding, with its place, evidence, path and stable fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlsec.core.digest import fingerprint
from mlsec.core.enums import Status
from mlsec.core.finding import AttackPath, Evidence, Finding
from mlsec.render.display import (
    actual_text,
    expected_text,
    plural,
    shown,
    shown_id,
)
from mlsec.render.locations import Inventory, in_code
from mlsec.render.sarif.locations import finding_location, resource_location
from mlsec.render.sarif.rules import LEVEL
from mlsec.render.wording import Wording

_SENTENCE_CHARS = 190
_RELATED_SHOWN = 10
_EVIDENCE_SHOWN = 20
_STEPS_SHOWN = 500


def finding_result(finding: Finding, inventory: Inventory, wording: Wording) -> dict[str, Any]:
    """Write a failure as an alert."""
    said = wording.sentences(finding)
    result: dict[str, Any] = {
        "ruleId": shown(finding.rule),
        "level": LEVEL[finding.severity],
        "message": {"text": _message(finding, [text for _, text in said])},
        "locations": [finding_location(finding, inventory)],
        "partialFingerprints": _fingerprints(finding.fingerprint),
        "properties": _properties(finding, wording),
    }
    related = _related_locations(finding, inventory, said)
    if related:
        result["relatedLocations"] = related
    if finding.path and len(finding.path.nodes) > 1:
        result["codeFlows"] = [_code_flow(finding.path, inventory)]
    return result


def archived_result(finding: Finding, inventory: Inventory, wording: Wording) -> dict[str, Any]:
    """Write any finding for the archive: waived ones suppressed, unread ones as open."""
    result = finding_result(finding, inventory, wording)
    if finding.is_folded:
        words = f"folded: it lies in {shown(str(finding.folded), 60)}, which is not deployed"
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": words}
        ]
        result["properties"]["folded"] = shown(str(finding.folded), 60)
    if finding.status is Status.NOT_ASSESSED:
        return {**result, "kind": "open", "level": "none"}
    if finding.waiver:
        waiver = finding.waiver
        result["suppressions"] = [
            {
                "kind": "inSource" if in_code(waiver.id) else "external",
                "status": "accepted",
                "justification": shown(waiver.reason) or "no reason given",
                "properties": {
                    "id": shown(waiver.id),
                    "owner": shown(waiver.owner),
                    "expires": shown(waiver.expires),
                    "ticket": shown(waiver.ticket),
                    "approver": shown(waiver.approver),
                    "granted": shown(waiver.granted),
                    "compensatingControl": shown(waiver.compensating_control),
                },
            }
        ]
    return result


def passed_result(
    rule_id: str, resource_id: str, title: str, inventory: Inventory
) -> dict[str, Any]:
    """Write a pass for the archive."""
    return {
        "ruleId": shown(rule_id),
        "kind": "pass",
        "level": "none",
        "message": {
            "text": _unlinked(f"Passed: {shown(title, 150)}. Resource: {shown_id(resource_id)}")
        },
        "locations": [resource_location(resource_id, "", inventory)],
        "partialFingerprints": _fingerprints(fingerprint(rule_id, resource_id)),
        "properties": {"status": "pass"},
    }


def remainder_result(left_out: list[Finding], scope: str, inventory: Inventory) -> dict[str, Any]:
    """Stand for the failures of one rule that do not fit a code host's limit."""
    first = left_out[0]
    place = finding_location(first, inventory)
    place["logicalLocations"] = [
        {
            "name": shown(scope, 200),
            "fullyQualifiedName": f"{shown_id(scope)}/(more)",
            "kind": "resource",
        }
    ]
    count = plural(len(left_out), "more resource fails", "more resources fail")
    return {
        "ruleId": shown(first.rule),
        "level": LEVEL[first.severity],
        "message": {
            "text": f"{count} {shown(first.rule)} in {shown(scope, 60)}. "
            "All of them are listed in assessment.json and report.html."
        },
        "locations": [place],
        "partialFingerprints": _fingerprints(
            fingerprint(first.rule, scope, f"remainder/{first.severity.value}")
        ),
        "properties": {"scope": shown(scope), "resourcesGrouped": len(left_out)},
    }


def _fingerprints(value: str) -> dict[str, str]:
    return {"mlsec/v1": value, "primaryLocationLineHash": f"{value}:1"}


def _message(finding: Finding, said: Sequence[str]) -> str:
    """First sentence short, since lists show only that; then resource and deciding values."""
    subject = finding.resource
    first = shown(finding.message or finding.rule, _SENTENCE_CHARS - 40).strip()
    name = shown(subject.name or subject.id, 200)
    if name[:30] not in first:
        first = f"{first[: _SENTENCE_CHARS - 60]}: {name[:50]}"
    first = first[:_SENTENCE_CHARS].rstrip(".!? ")
    parts = [f"{first}.", f"Resource: {shown_id(subject.id)}"]
    parts += said[:5]
    return _unlinked("\n".join(parts))


def _unlinked(text: str) -> str:
    """Part what a plain-text message would read as a link to a related location: [text](3)."""
    return text.replace("](", "] (")


def _properties(finding: Finding, wording: Wording) -> dict[str, Any]:
    subject = finding.resource
    facts: dict[str, Any] = {
        "status": finding.status.value,
        "severity": finding.severity.value,
        "category": finding.category.value,
        "concern": finding.concern.value,
        "provider": shown(subject.provider),
        "scope": shown(subject.scope),
        "region": shown(subject.region),
        "resourceType": shown(subject.type),
        "owner": shown(subject.owner, 200),
        "evidence": [
            {
                "path": shown(item.path, 300),
                "operator": shown(item.operator),
                "expected": expected_text(item),
                "actual": actual_text(item),
                "source": shown(item.source, 300),
                "sentence": wording.sentence(item, finding),
            }
            for item in finding.evidence[:_EVIDENCE_SHOWN]
        ],
    }
    if len(finding.evidence) > _EVIDENCE_SHOWN:
        facts["evidenceInAll"] = len(finding.evidence)
    return {key: value for key, value in facts.items() if value not in ("", [])}


def _related_locations(
    finding: Finding, inventory: Inventory, said: Sequence[tuple[Evidence, str]]
) -> list[dict[str, Any]]:
    others: dict[str, tuple[Evidence, str]] = {}
    for item, sentence in said:
        if item.resource and item.resource != finding.resource.id:
            others.setdefault(item.resource, (item, sentence))
    return [
        {
            **resource_location(resource_id, "", inventory, item.source),
            "id": position,
            "message": {"text": _unlinked(sentence)},
        }
        for position, (resource_id, (item, sentence)) in enumerate(
            list(others.items())[:_RELATED_SHOWN], 1
        )
    ]


def _code_flow(path: AttackPath, inventory: Inventory) -> dict[str, Any]:
    arrivals = {edge.target: edge for edge in reversed(path.edges)}
    steps = []
    for position, node in enumerate(path.nodes[:_STEPS_SHOWN]):
        edge = arrivals.get(position)
        how = f" ({shown(edge.relation, 100)})" if edge else ""
        note = f": {shown(node.note, 300)}" if node.note else ""
        text = f"{shown(node.type)} {shown(node.name or node.id, 150)}{how}{note}"
        location = {
            **resource_location(node.id, node.name, inventory),
            "message": {"text": _unlinked(text)},
        }
        steps.append({"location": location, "nestingLevel": 0, "executionOrder": position + 1})
    message = {"text": f"A path of {plural(len(path.nodes), 'resource')}."}
    return {"message": message, "threadFlows": [{"locations": steps}]}
