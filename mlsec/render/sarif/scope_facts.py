"""What the runs of a SARIF file say of their scopes, worked out once for all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.render import tally
from mlsec.render.causes import CauseView, open_causes
from mlsec.render.sarif.notifications import gap_note

_CAUSES_SHOWN = 10


class ScopeFacts:
    """The coverage, gaps, causes and folded failures of each scope."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self._resources = _resources(assessment)
        self._checks = _checks(assessment)
        self._gaps: dict[str, Counter[str]] = defaultdict(Counter)
        for gap in assessment.gaps:
            self._gaps[gap.scope][gap.reason.value] += 1
        self._folded: dict[str, Counter[str]] = defaultdict(Counter)
        for finding in assessment.folded:
            if finding.status is Status.FAIL:
                self._folded[finding.resource.scope][str(finding.folded)] += 1
        self._groups: dict[str, list[tally.GapGroup]] = defaultdict(list)
        for group in tally.gap_groups(assessment):
            self._groups[group.scope].append(group)
        self._causes: dict[str, list[CauseView]] = defaultdict(list)
        for view in open_causes(assessment):
            for scope in {finding.resource.scope for finding in view.findings}:
                self._causes[scope].append(view)

    def coverage(self, scope: str) -> dict[str, Any]:
        """Count what was seen of a scope and what was not."""
        seen, checks = self._resources.get(scope, Counter()), self._checks.get(scope, Counter())
        return {
            "resources": {
                name: seen[name]
                for name in ("enumerated", "assessed", "excluded", "errored", "incompleteListings")
            },
            "checks": {name: checks[name] for name in ("failed", "waived", "notAssessed")},
            "gaps": dict(sorted(self._gaps.get(scope, {}).items())),
        }

    def folded(self, scope: str) -> dict[str, int]:
        """Count the failures that are folded, by class."""
        return dict(sorted(self._folded.get(scope, {}).items()))

    def gap_notes(self, scope: str) -> list[dict[str, Any]]:
        """Give one notification for each operation and reason that hid something in the scope."""
        rules = {rule.id for rule in self.assessment.rules}
        return [gap_note(group, rules) for group in self._groups.get(scope, ())]

    def first_causes(self, scope: str) -> list[CauseView]:
        """Give the worst causes that end something in the scope."""
        return self._causes.get(scope, [])[:_CAUSES_SHOWN]


def _resources(assessment: Assessment) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in assessment.coverage.rows:
        counts[row.scope].update(
            enumerated=row.enumerated,
            assessed=row.assessed,
            excluded=row.excluded,
            errored=row.errored,
            incompleteListings=int(not row.is_complete),
        )
    return counts


def _checks(assessment: Assessment) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in assessment.findings:
        is_failure = finding.status is Status.FAIL
        counts[finding.resource.scope].update(
            failed=int(tally.is_open(finding)),
            waived=int(is_failure and finding.waiver is not None),
            notAssessed=int(finding.status is Status.NOT_ASSESSED),
        )
    return counts
