"""One SARIF run: the results, notifications and coverage of one scope."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.catalogue import Fix
from mlsec.core.enums import Category, Concern, RuleStatus, Severity
from mlsec.render.causes import CauseView
from mlsec.render.display import shown, shown_id
from mlsec.render.help_links import home_address
from mlsec.render.sarif.baseline import run_changes
from mlsec.render.sarif.notifications import descriptors, notice_notes
from mlsec.render.sarif.rules import rule_descriptor, taxonomies
from mlsec.render.sarif.scope_facts import ScopeFacts

_ENDED_SHOWN = 100
_EPOCH = "1970-01-01T00:00:00Z"
_NAMESPACE = uuid.UUID("6f1d2c1e-0d57-5c0a-9a51-6d6c73656331")


Result = tuple[str, Severity, bytes]


class RunPart(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into one run: category in the code host, scope, and results.

    A result is (rule id, severity, JSON), encoded as soon as it is made: thousands of them as
    objects take much room. ``earlier`` is the category of the run in the earlier scan that the
    results are compared with, "" where there was none.
    """

    category: str
    scope: str
    results: tuple[Result, ...] = ()
    notices: tuple[str, ...] = ()
    earlier: str = ""


def run_chunks(part: RunPart, facts: ScopeFacts, help_base: str) -> Iterator[bytes]:
    """Encode a run in pieces; the rules listed are those that its results name."""
    rules = _rules_of(part, facts.assessment)
    index = {(rule.id, severity): n for n, (rule, severity) in enumerate(rules)}
    yield msgspec.json.encode(_run(part, facts, rules, help_base))[:-1] + b',"results":['
    for position, (rule_id, severity, result) in enumerate(part.results):
        yield b"," if position else b""
        yield result.removesuffix(b"}") + b',"ruleIndex":%d}' % index[rule_id, severity]
    yield b"]}"


def _run(
    part: RunPart,
    facts: ScopeFacts,
    rules: Sequence[tuple[RuleSummary, Severity]],
    help_base: str,
) -> dict[str, Any]:
    assessment = facts.assessment
    started = _utc(assessment.scan.started_at)
    category = quote(shown(part.category), safe="/:")
    return {
        "tool": _tool(assessment, rules, part.scope.partition("/")[0], help_base),
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "Root of the repository."}}},
        "automationDetails": {
            "id": f"{category}/{started}",
            "guid": _guid(category, assessment.scan.finished_at),
            "description": {"text": f"mlsec scan of {shown(part.scope, 200)}"},
        },
        "invocations": [_invocation(part, facts, started)],
        "taxonomies": taxonomies([rule for rule, _ in rules]),
        "properties": {
            "rulePack": {"digest": assessment.tool.rules_digest},
            "doFirst": [_cause(view) for view in facts.first_causes(part.scope)],
            **run_changes(assessment),
        },
        **_baseline(part, assessment),
    }


def _baseline(part: RunPart, assessment: Assessment) -> dict[str, str]:
    """Name the run of the earlier scan, as it named itself."""
    changes = assessment.changes
    if changes is None or not part.earlier:
        return {}
    return {"baselineGuid": _guid(quote(shown(part.earlier), safe="/:"), changes.since)}


def _guid(category: str, finished_at: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{category}/{finished_at}"))


def _cause(view: CauseView) -> dict[str, Any]:
    return {
        "cause": view.cause.id,
        "severity": view.severity.value,
        "resource": shown_id(view.cause.resource.id),
        "where": shown(view.where, 200),
        "title": shown(view.title, 200),
        "fix": shown(view.fix, 300),
        "ends": [finding.fingerprint for finding in view.findings[:_ENDED_SHOWN]],
        "endsInAll": len(view.findings),
    }


def _rules_of(part: RunPart, assessment: Assessment) -> list[tuple[RuleSummary, Severity]]:
    known = {rule.id: rule for rule in assessment.rules}
    used = {(rule_id, severity) for rule_id, severity, _ in part.results}
    ordered = sorted(used, key=lambda item: (item[0], item[1].rank))
    return [
        (known.get(value) or _unknown_rule(value, severity), severity)
        for value, severity in ordered
    ]


def _unknown_rule(rule_id: str, severity: Severity) -> RuleSummary:
    """Describe a rule that the assessment names but does not describe; a result needs one."""
    return RuleSummary(
        id=rule_id,
        title=rule_id,
        severity=severity,
        category=Category.GOVERNANCE,
        concern=Concern.SECURITY,
        status=RuleStatus.EXPERIMENTAL,
        resource="",
        why="This assessment does not describe the rule.",
        fix=Fix(text="See the rule's own description."),
    )


def _tool(
    assessment: Assessment,
    rules: Sequence[tuple[RuleSummary, Severity]],
    provider: str,
    help_base: str,
) -> dict[str, Any]:
    tool = assessment.tool
    version = tool.version or "0.0.0"
    return {
        "driver": {
            "name": tool.name,
            "fullName": f"{tool.name} {version}",
            "organization": tool.name,
            "version": version,
            "semanticVersion": version,
            "informationUri": home_address(help_base),
            "rules": [
                rule_descriptor(rule, severity, provider, help_base) for rule, severity in rules
            ],
            "notifications": descriptors(help_base),
        },
        "extensions": [
            {
                "name": "mlsec-rules",
                "version": tool.rules_digest or "unknown",
                "properties": {"rules": tool.rules_count, "vocabulary": tool.vocabulary_digest},
            }
        ],
    }


def _invocation(part: RunPart, facts: ScopeFacts, started: str) -> dict[str, Any]:
    assessment, folded = facts.assessment, facts.folded(part.scope)
    notes = facts.gap_notes(part.scope) + notice_notes((*part.notices, *assessment.remarks))
    return {
        # True also when parts were not read: false makes a code host refuse the whole upload.
        "executionSuccessful": True,
        "startTimeUtc": started,
        "endTimeUtc": _utc(assessment.scan.finished_at or assessment.scan.started_at),
        "toolExecutionNotifications": notes,
        "properties": {
            "mlsec/coverage": facts.coverage(part.scope),
            # Only counted: as results they would open alerts.
            **({"mlsec/folded": folded} if folded else {}),
        },
    }


def _utc(time: str) -> str:
    """Give RFC 3339 with Z; a scan without a time gets the epoch rather than an invented one."""
    text = time.strip().replace("+00:00", "Z")
    return text if text.endswith("Z") and len(text) >= 20 else _EPOCH
