"""gl-code-quality-report.json: GitLab's Code Quality report, which every tier of GitLab shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.display import plural, shown, shown_id
from mlsec.render.locations import Inventory, Place, build_inventory, place_of
from mlsec.render.settings import DEFAULT, INVENTORY_FILE, RenderSettings

FILE = "gl-code-quality-report.json"
# GitLab's words, from the most severe: blocker, critical, major, minor, info.
_SEVERITY = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
_RULES_NAMED = 5


def render_quality(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write one entry for each failure, for each thing not assessed, and for what is missing.

    GitLab shows no field of its own for them: what could not be read is an entry too, so that an
    empty report means that everything was read and nothing failed.
    """
    inventory = build_inventory(assessment, settings.sarif_inventory)
    entries = [
        *_incomplete(assessment, inventory),
        *(
            _failure(finding, inventory)
            for finding in tally.sorted_findings(assessment)
            if _fails(finding)
        ),
        *_unread(assessment, inventory),
        *_unseen(assessment, inventory),
    ]
    return b"[\n" + b",\n".join(map(msgspec.json.encode, entries)) + b"\n]\n"


def quality_files(assessment: Assessment, settings: RenderSettings) -> dict[str, Iterable[bytes]]:
    """Give the report and the inventory file that it points into, by file name."""
    inventory = build_inventory(assessment, settings.sarif_inventory)
    return {
        FILE: (render_quality(assessment, settings),),
        INVENTORY_FILE: (inventory.payload(),),
    }


def _fails(finding: Finding) -> bool:
    return finding.status is Status.FAIL


def _failure(finding: Finding, inventory: Inventory) -> dict[str, Any]:
    subject = finding.resource
    text = f"{shown(finding.message or finding.rule, 300)} ({shown_id(subject.id)})"
    severity = _SEVERITY[finding.severity]
    if finding.waiver is not None:
        waiver = finding.waiver
        severity = "info"
        text = (
            f"Waived until {shown(waiver.expires, 20)} by {shown(waiver.owner, 80)}: {text};"
            f" {shown(waiver.reason, 200)}"
        )
    return _entry(
        text, f"mlsec/{shown(finding.rule)}", finding.fingerprint, severity,
        place_of(finding, inventory),
    )  # fmt: skip


def _unread(assessment: Assessment, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """One entry for each resource with checks that could not be made."""
    reasons = {gap.id: gap for gap in assessment.gaps}
    by_resource: dict[str, list[Finding]] = defaultdict(list)
    for finding in tally.sorted_findings(assessment):
        if finding.status is Status.NOT_ASSESSED:
            by_resource[finding.resource.id].append(finding)
    for resource_id, findings in sorted(by_resource.items()):
        rules = sorted({item.rule for item in findings})
        named = ", ".join(shown(rule) for rule in rules[:_RULES_NAMED])
        more = f" and {len(rules) - _RULES_NAMED:,} more" if len(rules) > _RULES_NAMED else ""
        hidden = [reasons[gap] for item in findings for gap in item.gaps if gap in reasons]
        text = (
            f"Not assessed: {plural(len(findings), 'check')} of {shown_id(resource_id)}"
            f"{_because(hidden)}: {named}{more}"
        )
        key = fingerprint("gitlab/not-assessed", resource_id)
        yield _entry(text, "mlsec/not-assessed", key, "info", place_of(findings[0], inventory))


def _because(gaps: list[Gap]) -> str:
    words = sorted({tally.REASON_WORDS[gap.reason] for gap in gaps})
    return f" ({', '.join(words)})" if words else ""


def _unseen(assessment: Assessment, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """One entry for each gap that hides no check by name: a file or a list not read at all."""
    in_findings = {gap for finding in assessment.findings for gap in finding.gaps}
    gaps = sorted(assessment.gaps, key=lambda gap: (gap.scope, gap.subject, gap.wanted, gap.id))
    for gap in gaps:
        if gap.id in in_findings:
            continue
        detail = f": {shown(gap.detail, 200)}" if gap.detail else ""
        text = (
            f"Not read: {shown(gap.wanted, 100)} of {shown_id(gap.subject)} in"
            f" {shown(gap.scope, 100)} ({tally.REASON_WORDS[gap.reason]}){detail}"
        )
        place = inventory.listed(gap.subject)
        yield _entry(text, "mlsec/not-read", fingerprint("gitlab/gap", gap.id), "info", place)


def _incomplete(assessment: Assessment, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """One entry at the head of a report that does not say of everything."""
    counts = tally.count(assessment)
    notices = [shown(item, 300) for item in assessment.remarks if item.strip()]
    head = inventory.listed("")
    for number, notice in enumerate(notices):
        # By its place: it may hold counts, and would be a new one with each of them.
        key = fingerprint("gitlab/notice", str(number))
        yield _entry(notice, "mlsec/notice", key, "info", head)
    if tally.is_complete(assessment, counts):
        return
    text = f"This scan is incomplete: {tally.summary_line(assessment)}"
    severity = "minor" if counts.checks else "major"
    yield _entry(text, "mlsec/incomplete", fingerprint("gitlab/incomplete", ""), severity, head)


def _entry(text: str, check: str, key: str, severity: str, place: Place) -> dict[str, Any]:
    return {
        "description": " ".join(text.split()),
        "check_name": check,
        "fingerprint": shown(key),
        "severity": severity,
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
