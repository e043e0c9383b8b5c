"""How many findings are open, in the text report: a table of providers and severities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity
from mlsec.render import tally
from mlsec.render.display import shown
from mlsec.render.text.page import BOLD, COLOUR, Page

_TITLE, _ALL = "open findings", "all"


def totals_lines(assessment: Assessment, page: Page) -> Iterator[str]:
    """Give a row for each provider and one for all; severities without a finding are left out."""
    counts: Counter[tuple[str, Severity]] = Counter()
    for finding in assessment.findings:
        if tally.is_open(finding):
            provider = shown(finding.resource.provider, 20) or "other"
            counts[provider, finding.severity] += 1
    if not counts:
        return
    severities = [level for level in Severity if any(key[1] is level for key in counts)]
    providers = sorted({provider for provider, _ in counts})
    width = max(len(name) for name in (_TITLE, *providers))
    heads = (page.paint(f"{level.value:>9}", COLOUR[level]) for level in severities)
    yield f"{page.paint(_TITLE.ljust(width), BOLD)} {''.join(heads)}{_ALL:>9}"
    for provider in providers:
        row = [counts[provider, level] for level in severities]
        cells = (f"{number:>9,}" if number else f"{'-':>9}" for number in row)
        yield f"{provider:<{width}} {''.join(cells)}{sum(row):>9,}"
    if len(providers) > 1:
        whole = [sum(counts[name, level] for name in providers) for level in severities]
        yield f"{_ALL:<{width}} {''.join(f'{n:>9,}' for n in whole)}{sum(whole):>9,}"
    yield ""
