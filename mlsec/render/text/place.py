"""Where in code a finding was decided, in the text report: file:line, and what stands there."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.finding import Finding
from mlsec.core.regex import regex
from mlsec.render.display import shown, telling
from mlsec.render.text.page import Page

_PLACE = regex(r"(.{1,1000}):([0-9]{1,9}):[0-9]{1,9}")
_EXCERPT_CHARS = 160


def place_lines(finding: Finding, page: Page) -> Iterator[str]:
    """Give the place that decided, as a terminal makes it a link, and the line of code there."""
    subject = finding.resource
    if not (subject.file and subject.line):
        return
    line = _deciding_line(finding)
    source = page.sources(subject.scope, subject.file, line) if page.sources else None
    yield f"  --> {shown(source.path if source else subject.file)}:{line}"
    if source and source.text.strip():
        yield f"{line:>4} | {shown(source.text.rstrip(), _EXCERPT_CHARS)}"


def _deciding_line(finding: Finding) -> int:
    """Give the line of the first value that decided, where it is in the resource's own file."""
    for item in telling(finding.evidence):
        match = _PLACE.fullmatch(item.source)
        if match and match.group(1) == finding.resource.file:
            return max(1, int(match.group(2)))
    return max(1, finding.resource.line)
