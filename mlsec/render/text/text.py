"""The compiler-like text report for a terminal: worst first, then what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import AppliedWaiver, AttackPath, Finding
from mlsec.render import tally
from mlsec.render.causes import open_causes
from mlsec.render.change_words import age_of, is_new, new_first
from mlsec.render.display import (
    is_description,
    plural,
    shown,
    shown_id,
)
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.text.changes import absent_lines, changes_line
from mlsec.render.text.do_first import first_lines
from mlsec.render.text.fix import fix_lines
from mlsec.render.text.gaps import gap_lines
from mlsec.render.text.page import BOLD, COLOUR, DIM, Page
from mlsec.render.text.place import place_lines
from mlsec.render.text.totals import totals_lines
from mlsec.render.text.view import hidden_lines, viewed
from mlsec.render.verdict import verdict_of
from mlsec.render.wording import Wording

_SUBJECTS_SHOWN = 3
_MINOR_SHOWN = 5
_REASONS_CHARS = 600


def render_text(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write the report; ``settings`` says whether in colour and how wide."""
    page = Page(settings)
    for line in _lines(assessment, page):
        yield line.encode() + b"\n"


def _lines(assessment: Assessment, page: Page) -> Iterator[str]:
    chosen = viewed(assessment, page.view)
    if not page.is_brief:
        yield from _failures(chosen, page)
        yield from _waived(assessment, page)
        yield from absent_lines(assessment, page)
    yield from gap_lines(assessment, page)
    yield from _incomplete(assessment, page)
    yield from _waiver_warnings(assessment, page)
    for notice in assessment.remarks:
        yield from page.wrap(shown(notice), "note: ", "      ")
    yield from _scanned(assessment, page)
    yield ""
    yield from totals_lines(chosen, page)
    causes = open_causes(assessment)
    yield from first_lines(causes if chosen is assessment else open_causes(chosen), page)
    yield from hidden_lines(assessment, page.view, page)
    yield from page.wrap(verdict_of(assessment, tally.count(assessment), causes).line, "", "  ")
    yield from changes_line(assessment, page)
    yield page.paint(tally.summary_line(assessment), BOLD)


def _failures(assessment: Assessment, page: Page) -> Iterator[str]:
    rules = {rule.id: rule for rule in assessment.rules}
    explained: set[str] = set()
    wording = Wording(assessment.catalogue)
    opened = (finding for finding in tally.sorted_findings(assessment) if tally.is_open(finding))
    ordered = new_first(opened, assessment)
    groups = groupby(ordered, key=lambda item: (item.rule, is_new(item, assessment)))
    for (rule_id, _), of_rule in groups:
        findings = list(of_rule)
        is_minor = findings[0].severity in {Severity.LOW, Severity.INFO}
        is_folded = is_minor and len(findings) > _MINOR_SHOWN
        for first, *others in [findings] if is_folded else tally.by_place(findings):
            yield from _failure(first, wording, page, assessment)
            if others:
                yield from _also(others, page)
            if rule_id in rules:
                yield from fix_lines(first, rules[rule_id], explained, page)
            yield ""


def _also(others: Sequence[Finding], page: Page) -> Iterator[str]:
    """Name some of the other resources that a rule fails on in the same way, and count them."""
    names = [shown_id(other.resource.id) for other in others[:_SUBJECTS_SHOWN]]
    more = len(others) - len(names)
    rest = f" and {more:,} more, each in report.html and assessment.json" if more else ""
    yield from page.wrap(f"the same fix for {', '.join(names)}{rest}", "   | ", "   | ")


def _scanned(assessment: Assessment, page: Page) -> Iterator[str]:
    """Say what was looked at."""
    asked = tally.scope_names(assessment) or assessment.scan.targets
    targets = ", ".join(shown(item, 120) for item in asked[:5]) or "nothing"
    more = len(asked) - 5
    resources = plural(assessment.coverage.enumerated, "resource")
    kinds = plural(len({row.type for row in assessment.coverage.rows if row.enumerated}), "type")
    calls = f", {plural(assessment.scan.calls, 'call')}" if assessment.scan.calls else ""
    rest = f" and {more:,} more" if more > 0 else ""
    yield from page.wrap(f"scanned {targets}{rest}: {resources} of {kinds}{calls}", "", "  ")
    if files := tally.files_accounted(assessment):
        yield from page.wrap(files, "", "  ")
    yield from _left_out(assessment, page)


def _left_out(assessment: Assessment, page: Page) -> Iterator[str]:
    """Say how much of what was found was left out of the judging, and why."""
    counts = assessment.coverage.exclusions
    shares = ((f"{n:,} ({why})" if n else why) for why, n in sorted(counts.items()) if why)
    because = "; ".join(shares)
    if because:
        yield from page.wrap(f"excluded: {shown(because, _REASONS_CHARS)}", "", "  ")
    if names := tally.left_out_names(assessment.coverage.rows):
        yield from page.wrap(f"files among them: {names}", "", "  ")


def _failure(
    finding: Finding, wording: Wording, page: Page, assessment: Assessment
) -> Iterator[str]:
    subject = finding.resource
    head = page.paint(f"fail[{shown(finding.rule)}]", COLOUR[finding.severity])
    message = shown(finding.message, 300)
    change = f" ({finding.change})" if is_new(finding, assessment) else ""
    yield f"{head} {page.paint(f'{finding.severity.value}{change}: {message}', BOLD)}"
    yield f"  --> {shown_id(subject.id)}"
    if age := age_of(finding, assessment):
        yield f"   = {age}"
    yield from place_lines(finding, page)
    if finding.stands_for:
        names = ", ".join(map(shown_id, finding.stands_for))
        lead = "the same holds for" if subject.is_in_code else "nothing uses it in"
        yield from page.wrap(f"{lead} {names}", "   | ", "   | ")
    yield from _evidence(finding, wording, page)
    if finding.path and len(finding.path.nodes) > 1:
        yield from _path(finding.path, "path" if tally.is_attack_path(finding) else "related")


def _evidence(finding: Finding, wording: Wording, page: Page) -> Iterator[str]:
    for item, sentence in wording.sentences(finding):
        name = "" if is_description(item) else f"  [{shown(item.path, 120)}]"
        yield from page.wrap(f"{sentence}{name}", "   | ", "   |   ")


def _path(path: AttackPath, label: str) -> Iterator[str]:
    """Show the path as steps, each below the one it is reached from."""
    yield f"   | {label}:"
    names = [shown(node.name or node.id, 80) for node in path.nodes]
    for position, (depth, relation) in enumerate(path_depths(path)):
        node = path.nodes[position]
        arrow = f"--{shown(relation, 60)}--> " if relation else ""
        note = f"  ({shown(node.note, 120)})" if node.note else ""
        yield f"   |   {'  ' * depth}{arrow}{shown(node.type, 60)} {names[position]}{note}"
    for edge in path.edges:
        if edge.target <= edge.source:
            step = f"{names[edge.source]} --{shown(edge.relation, 60)}--> {names[edge.target]}"
            yield f"   |   and {step}"


def path_depths(path: AttackPath) -> list[tuple[int, str]]:
    """Give (depth, relation that led here) of each node, in the order of the nodes."""
    depths: list[tuple[int, str]] = []
    for position in range(len(path.nodes)):
        edges = (item for item in path.edges if item.target == position > item.source >= 0)
        edge = next(edges, None)
        depths.append((depths[edge.source][0] + 1, edge.relation) if edge else (0, ""))
    return depths


def _waived(assessment: Assessment, page: Page) -> Iterator[str]:
    waived: list[tuple[Finding, AppliedWaiver]] = [
        (finding, finding.waiver)
        for finding in tally.sorted_findings(assessment)
        if finding.status is Status.FAIL and finding.waiver
    ]
    for finding, waiver in waived:
        label = page.paint(f"waived[{shown(finding.rule)}]", DIM)
        yield f"{label} {finding.severity.value}: {shown(finding.message, 300)}"
        yield f"  --> {shown_id(finding.resource.id)}"
        ticket = f", {shown(waiver.ticket)}" if waiver.ticket else ""
        if waiver.approver:
            ticket += f", approved by {shown(waiver.approver)}"
        yield from page.wrap(
            f"until {shown(waiver.expires)} by {shown(waiver.owner)}{ticket}: "
            f"{shown(waiver.reason)}",
            "   = ",
            "     ",
        )
    if waived:
        yield ""


def _incomplete(assessment: Assessment, page: Page) -> Iterator[str]:
    rows = {
        (item.scope, item.region, item.type)
        for item in assessment.coverage.rows
        if not item.is_complete
    }
    types: dict[str, list[str]] = {}
    for scope, region, kind in sorted(rows):
        place = f"{shown(scope)}/{shown(region)}" if region else shown(scope)
        types.setdefault(place, []).append(shown(kind, 80))
    for place, kinds in types.items():
        yield from page.wrap(
            f"listing incomplete in {place}, there may be more: {', '.join(kinds)}",
            "warning: ",
            "         ",
        )
    if rows:
        yield ""


def _waiver_warnings(assessment: Assessment, page: Page) -> Iterator[str]:
    warnings: Sequence[str] = [
        line
        for waiver in tally.sorted_waivers(assessment)
        for line, applies in (
            (
                f"has expired ({shown(waiver.expires)}) and has no effect",
                waiver.state == "expired",
            ),
            ("matched nothing; remove it", waiver.state == "unused"),
            (f"ends soon, on {shown(waiver.expires)}", waiver.is_near_end),
            ("is broad: it may cover more than intended", waiver.is_broad),
        )
        if applies
        for line in [f"waiver {shown(waiver.id)} of {shown(waiver.owner)} {line}"]
    ]
    for warning in warnings:
        yield from page.wrap(warning, "warning: ", "         ")
    if warnings:
        yield ""
