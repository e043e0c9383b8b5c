"""Where in code a finding was decided, in the text report: file:line, and the value there."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.finding import Finding
from mlsec.core.regex import regex
from mlsec.render.display import shown, telling
from mlsec.render.text.page import COLOUR, Page

_PLACE = regex(r"(.{1,1000}):([0-9]{1,9}):([0-9]{1,9})")
_EXCERPT_CHARS = 160


def place_lines(finding: Finding, page: Page) -> Iterator[str]:
    """Give the place that decided, as a terminal makes it a link, and the line of code there."""
    subject = finding.resource
    if not (subject.file and subject.line):
        return
    line, column, value = _deciding_place(finding)
    source = page.sources(subject.scope, subject.file, line) if page.sources else None
    yield f"  --> {shown(source.path if source else subject.file)}:{line}"
    if source and source.text.strip():
        written = source.text.rstrip()
        excerpt = shown(written, _EXCERPT_CHARS)
        yield f"{line:>4} | {excerpt}"
        # Where characters are shown as escapes, no column is known.
        start, end = _value_in(written, value, column)
        if start < end and excerpt.startswith(written[:end]):
            mark = page.paint("^" * (end - start), COLOUR[finding.severity])
            yield f"     | {' ' * start}{mark}"


def _deciding_place(finding: Finding) -> tuple[int, int, str]:
    """Give line and column of the first value that decided, and the value as code writes it.

    It must be in the resource's own file; else the column is 0 and the value "".
    """
    for item in telling(finding.evidence):
        match = _PLACE.fullmatch(item.source)
        if match and match.group(1) == finding.resource.file:
            return max(1, int(match.group(2))), int(match.group(3)), _written(item.actual)
    return max(1, finding.resource.line), 0, ""


def _written(value: object) -> str:
    """Give a plain value as YAML, JSON and HCL write it, "" for any other."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else ""


def _value_in(line: str, value: str, column: int) -> tuple[int, int]:
    """Give where the value stands in a line: itself, else from the column on; else nothing."""
    start = line.find(value, max(0, column - 1)) if value else -1
    if start < 0 and value:
        start = line.find(value)
    if start >= 0:
        return start, start + len(value)
    is_within = len(line) - len(line.lstrip()) < column - 1 < len(line)
    return (column - 1, len(line)) if is_within else (0, 0)
