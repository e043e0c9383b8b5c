"""Compares the severity of each rule with that of the checks of other tools that it equals.

``python -m tests.contracts.severity_comparison`` prints the table.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.strict_yaml import parse
from tests.shipped import shipped_rules

HERE = Path(__file__).parent
REASONS = HERE / "severity_differences.yaml"
# From so many steps on, a difference needs a reason.
FAR = 2


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and a check of another tool that reads the same property."""

    rule: str
    ours: Severity
    other: str
    theirs: Severity

    @property
    def steps(self) -> int:
        """How much more severe theirs is; negative where ours is."""
        return self.ours.rank - self.theirs.rank


def severities_of_others() -> dict[str, Severity]:
    """Give the severity of each check, by ``tool:check``."""
    tools = json.loads((HERE / "severities_of_others.json").read_text("utf-8"))
    return {
        f"{tool}:{check}": Severity(severity)
        for tool, told in tools.items()
        for severity, checks in told["severities"].items()
        for check in checks
    }


def pairs() -> Iterator[Pair]:
    """Give every rule with every equivalent whose severity is known."""
    known = severities_of_others()
    for rule in shipped_rules().rules:
        for other in rule.equivalents:
            if other in known:
                yield Pair(rule=rule.id, ours=rule.severity, other=other, theirs=known[other])


def reasons() -> dict[tuple[str, str], str]:
    """Give the reason of each difference, by rule and ``tool:check``."""
    document = parse(REASONS.read_text("utf-8"), str(REASONS))
    return {
        (rule, other): group["reason"]
        for group in document.value
        for rule, others in group["differs"].items()
        for other in others
    }


def table() -> str:
    """Write all pairs as a table of Markdown, the largest differences first, and their counts."""
    found = sorted(pairs(), key=lambda pair: (-abs(pair.steps), pair.rule, pair.other))
    told = reasons()
    rows = [
        f"| {pair.rule} | {pair.ours.value} | {pair.other} | {pair.theirs.value} | {pair.steps:+d} "
        f"| {told.get((pair.rule, pair.other), '')} |"
        for pair in found
    ]
    counts = Counter(pair.steps for pair in found)
    summary = ", ".join(f"{steps:+d}: {count}" for steps, count in sorted(counts.items()))
    head = ["| Rule | Ours | Check | Theirs | Steps | Reason |", "| --- " * 6 + "|"]
    return "\n".join([f"{len(found)} pairs ({summary})", "", *head, *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
