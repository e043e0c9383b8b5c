"""The examples of a rule as before and after: the failing one and the passing one nearest to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml

from docs.site.markup import fence
from mlsec.engine.model.rule import Rule

Document = Mapping[str, Any]
_MORE_SHOWN = 3


def before_and_after(rule: Rule) -> Iterator[str]:
    """Yield the lines of both examples, and of a few more that can be unfolded."""
    yield from ("Properties of a resource, as the rule reads them:", "")
    before = rule.tests.failed[0] if rule.tests.failed else None
    after = _nearest(before, rule.tests.passed)
    if before is not None:
        yield from (fence(_shown(before), "yaml", "Before: the rule fails"), "")
    if after is not None:
        yield from (fence(_shown(after), "yaml", "After: the rule passes"), "")
    more = [("fails", document) for document in rule.tests.failed if document is not before]
    more += [("passes", document) for document in rule.tests.passed if document is not after]
    if more:
        yield from ('??? note "More examples"', "")
        for verdict, document in more[:_MORE_SHOWN]:
            block = fence(_shown(document), "yaml", f"The rule {verdict}")
            yield from (f"    {line}".rstrip() for line in block.split("\n"))
            yield ""


def _nearest(before: Document | None, passed: Sequence[Document]) -> Document | None:
    """Find the passing example that differs least from the failing one."""
    if before is None or not passed:
        return passed[0] if passed else None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_shown(before))
    ratios = []
    for document in passed:
        matcher.set_seq1(_shown(document))
        ratios.append(matcher.ratio())
    return passed[ratios.index(max(ratios))]


def _shown(document: Document) -> str:
    if not document:
        return "{}  # nothing is set"
    return yaml.safe_dump(dict(document), sort_keys=False, width=88, allow_unicode=True).rstrip()
