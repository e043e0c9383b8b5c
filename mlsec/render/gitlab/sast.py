"""gl-sast-report.json: GitLab's security report of kind SAST, which GitLab Ultimate takes in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.digest import fingerprint
from mlsec.core.finding import AppliedWaiver, Finding
from mlsec.render import tally
from mlsec.render.display import plural, shown, shown_id
from mlsec.render.locations import Inventory, build_inventory, place_of
from mlsec.render.markup import fenced, markdown_code, markdown_text
from mlsec.render.settings import DEFAULT, INVENTORY_FILE, RenderSettings
from mlsec.render.wording import Wording

FILE = "gl-sast-report.json"
SCHEMA_VERSION = "15.0.6"
_NAME_CHARS, _SOLUTION_CHARS = 255, 7_000
_SHOWN = 20
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_NO_TIME = "1970-01-01T00:00:00"
_LINK = re.compile(r"https://[\x21-\x7e]+")


def render_sast(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write open failures as vulnerabilities, and what is not one of them as messages of the scan.

    The format knows no waiver and no "not assessed": they are reported one by one as messages.
    """
    inventory = build_inventory(assessment, settings.sarif_inventory)
    rules = {rule.id: rule for rule in assessment.rules}
    wording = Wording(assessment.catalogue)
    report = {
        "version": SCHEMA_VERSION,
        "scan": _scan(assessment),
        "vulnerabilities": [
            _vulnerability(finding, rules.get(finding.rule), inventory, wording)
            for finding in tally.sorted_findings(assessment)
            if tally.is_open(finding)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def sast_files(assessment: Assessment, settings: RenderSettings) -> dict[str, Iterable[bytes]]:
    """Give the report and the inventory file that it points into, by file name."""
    inventory = build_inventory(assessment, settings.sarif_inventory)
    return {
        FILE: (render_sast(assessment, settings),),
        INVENTORY_FILE: (inventory.payload(),),
    }


def _scan(assessment: Assessment) -> dict[str, Any]:
    tool = assessment.tool
    made_by = {
        "id": "mlsec",
        "name": "mlsec",
        "version": shown(tool.version) or "unknown",
        "vendor": {"name": "mlsec"},
    }
    has_checks = bool(tally.count(assessment).checks)
    return {
        "analyzer": made_by,
        "scanner": made_by,
        "type": "sast",
        "start_time": _time(assessment.scan.started_at),
        "end_time": _time(assessment.scan.finished_at),
        "status": "success" if has_checks else "failure",
        "messages": [
            {"level": level, "value": " ".join(text.split())}
            for level, text in _messages(assessment)
        ],
    }


def _messages(assessment: Assessment) -> Iterator[tuple[str, str]]:
    counts = tally.count(assessment)
    if tally.is_complete(assessment, counts):
        level = "info"
    else:
        level = "warn" if counts.checks else "fatal"
    yield level, tally.summary_line(assessment)
    for notice in assessment.remarks:
        if notice.strip():
            yield "info", shown(notice, 500)
    for group in tally.gap_groups(assessment):
        yield "warn", _gap_words(group)
    for finding in tally.sorted_findings(assessment):
        if finding.waiver is not None:
            yield "info", _waiver_words(finding, finding.waiver)


def _gap_words(group: tally.GapGroup) -> str:
    right = f"; allow {shown(group.missing_right, 120)}" if group.missing_right else ""
    subjects = ", ".join(shown(gap.subject, 120) for gap in group.gaps[:_SHOWN])
    more = len(group.gaps) - _SHOWN
    return (
        f"{shown(group.scope, 120)}: {shown(group.wanted, 120)} could not be read"
        f" ({tally.REASON_WORDS[group.reason]}), so {plural(group.checks, 'check')} not"
        f" assessed: {subjects}{f' and {more:,} more' if more > 0 else ''}{right}"
    )


def _waiver_words(finding: Finding, waiver: AppliedWaiver) -> str:
    return (
        f"waived until {shown(waiver.expires, 20)} by {shown(waiver.owner, 80)}:"
        f" {shown(finding.rule)} of {shown_id(finding.resource.id)}; {shown(waiver.reason, 200)}"
    )


def _vulnerability(
    finding: Finding, rule: RuleSummary | None, inventory: Inventory, wording: Wording
) -> dict[str, Any]:
    place = place_of(finding, inventory)
    title = shown(rule.title if rule else finding.rule, _NAME_CHARS) or "(no title)"
    rule_id = shown(finding.rule) or "(no rule)"
    result: dict[str, Any] = {
        "id": _uuid(finding),
        "name": title,
        "description": _description(finding, rule, wording),
        "severity": finding.severity.value.title(),
        "identifiers": [{"type": "mlsec_rule", "name": f"mlsec {rule_id}", "value": rule_id}],
        "location": {"file": place.file, "start_line": place.line, "end_line": place.line},
        # Lines move: this says that it is still the same one.
        "tracking": {
            "type": "source",
            "items": [
                {
                    "file": place.file,
                    "start_line": place.line,
                    "end_line": place.line,
                    "signatures": [{"algorithm": "hash", "value": shown(finding.fingerprint)}],
                }
            ],
        },
        "details": {
            "resource": {
                "name": "Resource", "type": "text", "value": shown_id(finding.resource.id),
            },
        },
    }  # fmt: skip
    if rule is not None:
        fix = rule.fix.on(finding.resource.provider)
        if fix.text:
            result["solution"] = shown(fix.text, _SOLUTION_CHARS)
        links = [reference for reference in rule.references if _LINK.fullmatch(reference)]
        if links:
            result["links"] = [{"url": link} for link in links]
    return result


def _description(finding: Finding, rule: RuleSummary | None, wording: Wording) -> str:
    """Markdown: GitLab renders it, so nothing foreign is left to format, mention or embed."""
    lines = [markdown_text(finding.message or finding.rule, 500), ""]
    if rule is not None:
        lines += [markdown_text(rule.why), ""]
    lines += [f"Resource: {markdown_code(finding.resource.id, 600)}", ""]
    evidence = wording.sentences(finding)
    facts = [
        sentence + (f"  ({shown(item.source, 200)})" if item.source else "")
        for item, sentence in evidence[:_SHOWN]
    ]
    if len(evidence) > _SHOWN:
        facts.append(f"and {len(evidence) - _SHOWN:,} more")
    return "\n".join([*lines, fenced("\n".join(facts)) if facts else ""]).strip()


def _uuid(finding: Finding) -> str:
    key = finding.fingerprint
    is_plain = len(key) == 32 and not key.strip("0123456789abcdef")
    return str(uuid.UUID(hex=key if is_plain else fingerprint("gitlab/vulnerability", key)))


def _time(text: str) -> str:
    """GitLab wants UTC without a zone; ours is UTC already."""
    match = _TIME.match(text)
    return match.group() if match else _NO_TIME
