"""What to do first, in the text report: root causes, where they are, and what each would end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.render.causes import CauseView, severe
from mlsec.render.display import plural, shown
from mlsec.render.text.page import BOLD, COLOUR, Page

_CAUSES_SHOWN = 5
_INDENT = " " * 15


def first_lines(causes: Sequence[CauseView], page: Page) -> Iterator[str]:
    """Give the worst causes, four lines each, and how many more there are."""
    if not causes:
        return
    among = f"of {plural(len(causes), 'cause')}, {severe(causes):,} critical or high"
    yield f"{page.paint('do first', BOLD)} ({among})"
    for position, view in enumerate(causes[:_CAUSES_SHOWN], start=1):
        severity = page.paint(f"{view.severity.value:<8}", COLOUR[view.severity])
        name = page.paint(shown(view.name, 80), BOLD)
        yield f"{position:>3}. {severity}  {name}  {shown(view.type, 60)}, {shown(view.where, 120)}"
        yield from page.wrap(shown(view.title, 200), _INDENT, _INDENT)
        yield from page.wrap(view.summary, _INDENT, _INDENT)
        if view.fix:
            yield from page.wrap(f"fix: {shown(view.fix, 160)}", _INDENT, _INDENT)
    more = len(causes) - _CAUSES_SHOWN
    if more > 0:
        yield f"     and {plural(more, 'more cause')} in the report"
    yield ""
