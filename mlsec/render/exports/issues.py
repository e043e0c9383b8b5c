"""issues.json: one entry per root cause, to be opened as an issue in a tracker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.finding import Finding
from mlsec.render.causes import CauseView, open_causes
from mlsec.render.display import actual_text, masked, plural, shown, shown_id, telling
from mlsec.render.markup import fenced, markdown_code, markdown_text
from mlsec.render.settings import DEFAULT, RenderSettings

_FINDINGS_SHOWN = 30
_FACTS_SHOWN = 5
_TITLE_CHARS = 200


def render_issues(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write an array of issues, the worst first.

    ``key`` stays the same from scan to scan while the cause has its resource and setting, and
    stands at the end of ``body`` as ``mlsec-cause: KEY``, so that a script finds the issue that it
    made before instead of a second one. ``findings`` are the fingerprints that the change ends.
    """
    del settings
    rules = {rule.id: rule for rule in assessment.rules}
    entries = [issue_of(view, rules) for view in open_causes(assessment)]
    lines = b",\n".join(masked(msgspec.json.encode(entry)) for entry in entries)
    return b"[\n" + lines + b"\n]\n" if lines else b"[]\n"


def issue_of(view: CauseView, rules: Mapping[str, RuleSummary]) -> dict[str, Any]:
    """Give one cause as an entry of the array, see ``render_issues``."""
    resource = view.cause.resource
    return {
        "key": view.cause.id,
        "title": shown(f"[{view.severity.value}] {view.title}", _TITLE_CHARS),
        "body": "\n".join(_body(view, rules)).strip() + "\n",
        "labels": ["mlsec", f"severity:{view.severity.value}"],
        "severity": view.severity.value,
        "is_new": any(finding.change == "new" for finding in view.findings),
        "owner": shown(resource.owner, 300),
        "resource": shown_id(resource.id),
        "scope": shown(resource.scope),
        "findings": [shown(finding.fingerprint) for finding in view.findings],
    }


def _body(view: CauseView, rules: Mapping[str, RuleSummary]) -> Iterator[str]:
    """Markdown; nothing foreign in it is formatted, mentions somebody or loads a picture."""
    lead = next((item for item in view.findings if item.fingerprint == view.cause.lead), None)
    finding = lead or view.findings[0]
    rule = rules.get(finding.rule)
    yield f"{markdown_text(view.title, 500)}\n"
    yield f"- Severity: {view.severity.value}"
    yield f"- Resource: {markdown_code(view.name, 300)} ({markdown_text(view.type, 100)})"
    yield f"- Where: {markdown_code(view.where, 300)}"
    if view.cause.resource.owner:
        yield f"- Owner: {markdown_code(view.cause.resource.owner, 300)}"
    yield f"- One change {markdown_text(view.summary, 500)}\n"
    if rule is not None and rule.why:
        yield f"### Why\n\n{markdown_text(rule.why, 2000)}\n"
    facts = [_fact(item.path, actual_text(item)) for item in telling(finding.evidence)]
    if facts:
        yield f"### Observed\n\n{fenced(chr(10).join(facts[:_FACTS_SHOWN]))}\n"
    if view.fix:
        yield f"### Fix\n\n{markdown_text(view.fix, 2000)}\n"
    yield f"### {plural(len(view.findings), 'finding')}\n"
    yield from map(_line, view.findings[:_FINDINGS_SHOWN])
    more = len(view.findings) - _FINDINGS_SHOWN
    if more > 0:
        yield f"- and {more:,} more"
    yield f"\nmlsec-cause: {view.cause.id}"


def _fact(path: str, value: str) -> str:
    return f"{shown(path, 200)} = {value}"


def _line(finding: Finding) -> str:
    name = finding.resource.name or finding.resource.id
    return (
        f"- {finding.severity.value}: {markdown_code(finding.rule)} on {markdown_code(name, 120)}"
    )
