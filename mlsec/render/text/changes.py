"""What changed since the earlier scan, in the text report: what is gone, and the counts."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.assessment import Assessment
from mlsec.core.changes import EarlierFailure
from mlsec.render import tally
from mlsec.render.change_words import absent_by_change, is_compared, is_new
from mlsec.render.display import shown, shown_id
from mlsec.render.gate_words import finding_line
from mlsec.render.text.page import BOLD, DIM, Page

_SHOWN = 10
_NEW_SHOWN = 5


def absent_lines(assessment: Assessment, page: Page) -> Iterator[str]:
    """List the failures that were open before and are not among those of this scan."""
    for words, failures in absent_by_change(assessment):
        for failure in failures[:_SHOWN]:
            yield from _lines_of(failure, words, page)
        if len(failures) > _SHOWN:
            yield f"and {len(failures) - _SHOWN:,} more {words}, each in assessment.json"
        yield ""


def changes_line(assessment: Assessment, page: Page) -> Iterator[str]:
    """Say in one line what changed; where the failures are not listed, name the worst new ones."""
    if assessment.changes is not None:
        said = page.paint(shown(assessment.changes.summary), BOLD)
        yield from page.wrap(said, "changes: ", "         ")
    if page.is_brief and is_compared(assessment):
        opened = [item for item in tally.sorted_findings(assessment) if tally.is_open(item)]
        new = [finding for finding in opened if is_new(finding, assessment)]
        for finding in new[:_NEW_SHOWN]:
            yield f"  {finding_line(finding, finding.change)}"
        if len(new) > _NEW_SHOWN:
            yield f"  and {len(new) - _NEW_SHOWN:,} more, first in each report"


def _lines_of(failure: EarlierFailure, words: str, page: Page) -> Iterator[str]:
    label = page.paint(f"{words}[{shown(failure.rule)}]", DIM)
    yield f"{label} {failure.severity.value}: {shown(failure.message, 300)}"
    yield f"  --> {shown_id(failure.resource.id)}"
