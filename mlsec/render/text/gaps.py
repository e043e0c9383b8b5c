"""What could not be assessed, in the text report: the gaps that hide most, and how many more."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason
from mlsec.render import tally
from mlsec.render.display import plural, shown
from mlsec.render.text.page import Page

_GAPS_SHOWN = 3
_SUBJECTS_SHOWN = 3
# Other reasons come with a right to allow, or pass by themselves.
_SAID = (GapReason.UNSUPPORTED, GapReason.DENIED)
_SENTENCE_WORDS = 6


def gap_lines(assessment: Assessment, page: Page) -> Iterator[str]:
    """Give the gaps that hide most checks, and the rights that all of them lack."""
    groups = tally.gap_groups(assessment)
    shown_groups = groups if page.is_verbose else groups[:_GAPS_SHOWN]
    for group in shown_groups:
        yield from _group(group, page)
    rest = groups[len(shown_groups) :]
    if rest:
        checks = sum(group.checks for group in rest)
        hidden = f", which hide {plural(checks, 'check')}" if checks else ""
        yield from page.wrap(
            f"and {len(rest):,} more{hidden}; all are in the reports that -o writes, and in the"
            " text with -v",
            "",
            "  ",
        )
    rights = tally.missing_rights(groups)
    if rights:
        yield from page.wrap(
            f"allow {plural(len(rights), 'action')} and scan again: "
            + ", ".join(shown(right, 200) for right in rights),
            "   = ",
            "     ",
        )
    if groups:
        yield ""


def _group(group: tally.GapGroup, page: Page) -> Iterator[str]:
    label = page.paint(f"not assessed[{shown(group.wanted, 120)}]", "33")
    why = tally.REASON_WORDS[group.reason]
    checks = f"{plural(group.checks, 'check')} of {plural(len(group.rules), 'rule')}"
    subject = checks if group.checks else "what it reports"
    yield f"{label} {why}: {subject} could not be assessed"
    yield f"  --> {shown(group.scope)}: {_subjects(group)}"
    if group.missing_right:
        yield f"   = allow {shown(group.missing_right, 200)}"
    for said in _said(group):
        yield from page.wrap(said, "   = ", "     ")


def _said(group: tally.GapGroup) -> list[str]:
    """Give what the provider's refusal asks a person to do, where a right alone is not enough."""
    gap_details = (gap.detail for gap in group.gaps if gap.reason in _SAID)
    details = {detail for detail in gap_details if len(detail.split()) >= _SENTENCE_WORDS}
    said = group.reasons or sorted(details)
    return [shown(item, 300) for item in said[:_SUBJECTS_SHOWN]]


def _subjects(group: tally.GapGroup) -> str:
    names = list(dict.fromkeys(shown(gap.subject, 150) for gap in group.gaps))
    more = len(names) - _SUBJECTS_SHOWN
    return ", ".join(names[:_SUBJECTS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
