"""summary.md, for a job summary or a pull request comment: coverage first, bounded in length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.render import tally
from mlsec.render.causes import open_causes, severe
from mlsec.render.change_words import age_of, is_compared, is_new, new_first
from mlsec.render.display import plural, shown
from mlsec.render.gate_words import gate_lines
from mlsec.render.markup import fenced, markdown_code, markdown_text
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.upload_limits import left_out_notices
from mlsec.render.verdict import verdict_of

_CAUSES_SHOWN = 8
_FINDINGS_SHOWN = 20
_GAPS_SHOWN = 15
_WAIVERS_SHOWN = 15
_NOTICES_SHOWN = 20


def render_markdown(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the summary; what does not fit is counted, never dropped silently."""
    del settings
    return ("\n".join(_lines(assessment)).rstrip() + "\n").encode()


def _lines(assessment: Assessment) -> Iterator[str]:
    counts = tally.count(assessment)
    yield "## mlsec: " + verdict_of(assessment, counts).line
    yield ""
    yield from _changes(assessment)
    yield from _gate(assessment)
    yield from _coverage(assessment, counts)
    yield from _severities(counts)
    yield from _do_first(assessment)
    yield from _findings(assessment)
    yield from _gaps(assessment)
    yield from _waivers(assessment)
    yield from _notices(assessment)
    tool = assessment.tool
    yield (
        f"<sub>{markdown_text(tool.name)} {markdown_text(tool.version)}, "
        f"{plural(tool.rules_count, 'rule')}, rules {markdown_code(tool.rules_digest)}</sub>"
    )


def _changes(assessment: Assessment) -> Iterator[str]:
    if assessment.changes is None:
        return
    yield f"**{markdown_text(assessment.changes.summary, 300)}**"
    yield ""


def _gate(assessment: Assessment) -> Iterator[str]:
    """Say why the scan failed its gate."""
    head, *lines = gate_lines(assessment) or [""]
    if head:
        yield markdown_text(head, 400)
        yield ""
    for line in lines:
        yield f"- {markdown_code(line, 300)}"
    if lines:
        yield ""


def _coverage(assessment: Assessment, counts: tally.Tally) -> Iterator[str]:
    if assessment.limit is not None:
        yield f"> [!NOTE]\n> This is {markdown_text(assessment.limit.summary)}.\n"
    if not counts.checks:
        yield (
            "> [!WARNING]\n> Nothing was assessed, so this report makes no statement about"
            " security."
        )
    elif not tally.is_complete(assessment, counts):
        yield (
            f"> [!WARNING]\n> Incomplete: {counts.percent}% of {plural(counts.checks, 'check')} "
            f"assessed; {plural(counts.not_assessed, 'check')} could not be assessed."
        )
    else:
        yield f"All {plural(counts.checks, 'check')} were assessed."
    yield ""
    enumerated = assessment.coverage.enumerated
    targets = ", ".join(markdown_code(target, 120) for target in assessment.scan.targets[:10])
    more = len(assessment.scan.targets) - 10
    yield (
        f"Scanned {targets or 'nothing'}{f' and {more} more' if more > 0 else ''}: "
        f"{plural(enumerated, 'resource')} in {plural(len(tally.scopes(assessment)), 'scope')}, "
        f"{markdown_text(assessment.scan.started_at)} to "
        f"{markdown_text(assessment.scan.finished_at)}."
    )
    if files := tally.files_accounted(assessment):
        yield f"Model files: {files}."
    yield ""


def _severities(counts: tally.Tally) -> Iterator[str]:
    names = [item.value for item in Severity]
    numbers = [f"{counts.by_severity[item]:,}" for item in Severity]
    extra = {
        "waived": counts.waived,
        "passed": counts.passed,
        "not assessed": counts.not_assessed,
    }
    yield "| " + " | ".join([*names, *extra]) + " |"
    yield "|" + " ---: |" * (len(names) + len(extra))
    yield "| " + " | ".join([*numbers, *(f"{item:,}" for item in extra.values())]) + " |"
    yield ""


def _do_first(assessment: Assessment) -> Iterator[str]:
    causes = open_causes(assessment)
    if not causes:
        return
    yield "### Do first"
    yield ""
    for position, view in enumerate(causes[:_CAUSES_SHOWN], start=1):
        name, where = markdown_code(view.name, 120), markdown_code(view.where, 160)
        yield (
            f"{position}. **{view.severity.value}** {name} ({markdown_text(view.type, 60)},"
            f" {where}): {markdown_text(view.title, 200)}  "
        )
        fix = f"; fix: {markdown_text(view.fix, 300)}" if view.fix else ""
        yield f"   {markdown_text(view.summary, 400)}{fix}"
    more = len(causes) - _CAUSES_SHOWN
    if more > 0:
        of_them = severe(causes[_CAUSES_SHOWN:])
        note = f", {of_them:,} of them critical or high," if of_them else ""
        yield f"\nand {plural(more, 'more cause')}{note} in report.html."
    yield ""


def _findings(assessment: Assessment) -> Iterator[str]:
    findings = [finding for finding in tally.sorted_findings(assessment) if tally.is_open(finding)]
    if not findings:
        return
    places = tally.by_place(new_first(findings, assessment))
    has_changes, are_several = is_compared(assessment), tally.has_repositories(assessment)
    yield "### Top findings"
    yield ""
    yield "| severity | rule | resource | where |" + (" change |" if has_changes else "")
    yield "| --- | --- | --- | --- |" + (" --- |" if has_changes else "")
    for group in places[:_FINDINGS_SHOWN]:
        first = group[0]
        said = first.change if is_new(first, assessment) else age_of(first, assessment)
        row = _finding_row(group, are_several=are_several)
        yield row + (f" {markdown_text(said, 60)} |" if has_changes else "")
    rest = sum(map(len, places[_FINDINGS_SHOWN:]))
    if rest:
        left = plural(rest, "more open finding")
        yield f"\nand {left} in report.html and assessment.json."
    yield ""


def _finding_row(group: Sequence[Finding], *, are_several: bool) -> str:
    """Give the row of one rule and place; of several resources there, the first and how many."""
    subject = group[0].resource
    place = " ".join(part for part in (subject.scope, subject.region) if part.strip())
    if subject.is_in_code:
        target = f" in {tally.scope_name(subject.scope)}" if are_several else ""
        place = f"{subject.file}:{subject.line}{target}"
    more = f" and {len(group) - 1:,} more" if len(group) > 1 else ""
    cells = (
        group[0].severity.value,
        markdown_code(group[0].rule),
        markdown_code(subject.name or subject.id, 80) + more,
        markdown_code(place, 160),
    )
    return "| " + " | ".join(cells) + " |"


def _gaps(assessment: Assessment) -> Iterator[str]:
    groups = tally.gap_groups(assessment)
    if not groups:
        return
    yield "### Gaps"
    yield ""
    yield "| operation | reason | where | checks not assessed |"
    yield "| --- | --- | --- | ---: |"
    for group in groups[:_GAPS_SHOWN]:
        where = f"{markdown_code(group.scope, 60)}, {plural(len(group.gaps), 'subject')}"
        why = tally.REASON_WORDS[group.reason]
        yield f"| {markdown_code(group.wanted, 80)} | {why} | {where} | {group.checks:,} |"
    if len(groups) > _GAPS_SHOWN:
        yield f"\nand {plural(len(groups) - _GAPS_SHOWN, 'more operation')} in report.html."
    rights = tally.missing_rights(groups)
    if rights:
        yield ""
        yield f"Allow {plural(len(rights), 'action')} and scan again:"
        yield ""
        yield fenced("\n".join(shown(right, 200) for right in rights[:100]))
        if len(rights) > 100:
            yield f"\nand {len(rights) - 100:,} more in report.html."
    yield ""


def _waivers(assessment: Assessment) -> Iterator[str]:
    notable = [
        (waiver, note)
        for waiver in tally.sorted_waivers(assessment)
        for note in [
            "expired" if waiver.state == "expired" else "",
            "matches nothing" if waiver.state == "unused" else "",
            "ends soon" if waiver.is_near_end else "",
            "broad" if waiver.is_broad else "",
        ]
        if note
    ]
    waived = sum(
        1 for finding in assessment.findings if finding.status is Status.FAIL and finding.waiver
    )
    if not notable and not waived:
        return
    yield "### Waivers"
    yield ""
    if waived:
        yield f"{plural(waived, 'failure is', 'failures are')} waived and not counted above.\n"
    for waiver, note in notable[:_WAIVERS_SHOWN]:
        yield (
            f"- {markdown_code(waiver.id, 60)} of {markdown_text(waiver.owner, 80)} "
            f"(until {markdown_text(waiver.expires, 20)}): {note}"
        )
    if len(notable) > _WAIVERS_SHOWN:
        yield f"- and {len(notable) - _WAIVERS_SHOWN:,} more in report.html"
    yield ""


def _notices(assessment: Assessment) -> Iterator[str]:
    notices = [
        left_out_notice
        for left_out_notice in (*left_out_notices(assessment), *assessment.remarks)
        if left_out_notice.strip()
    ]
    for notice in notices[:_NOTICES_SHOWN]:
        yield f"- {markdown_text(notice, 500)}"
    if len(notices) > _NOTICES_SHOWN:
        yield f"- and {plural(len(notices) - _NOTICES_SHOWN, 'more notice')} in report.html"
    yield ""
