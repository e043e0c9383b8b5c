"""Which open findings the text report shows; what it leaves out is counted and still decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity
from mlsec.render import tally
from mlsec.render.display import plural
from mlsec.render.settings import View
from mlsec.render.text.page import Page


def viewed(assessment: Assessment, view: View) -> Assessment:
    """Give the assessment without the open findings that are not to be shown."""
    if view.is_whole:
        return assessment
    kept = tuple(
        finding
        for finding in assessment.findings
        if not tally.is_open(finding) or view.keeps(finding)
    )
    return msgspec.structs.replace(assessment, findings=kept)


def hidden_lines(assessment: Assessment, view: View, page: Page) -> Iterator[str]:
    """Count what is not shown, by severity."""
    hidden = [
        finding
        for finding in assessment.findings
        if tally.is_open(finding) and not view.keeps(finding)
    ]
    if not hidden:
        return
    counts = Counter(finding.severity for finding in hidden)
    shares = ", ".join(f"{counts[level]:,} {level.value}" for level in Severity if counts[level])
    yield from page.wrap(
        f"not shown: {plural(len(hidden), 'open finding')} ({shares}), by --severity, --concern or"
        " --provider; they count below, for --fail-on and in every other report",
        "",
        "  ",
    )
    yield ""
