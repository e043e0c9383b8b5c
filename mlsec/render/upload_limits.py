"""What code-scanning services take at once, and what has to be grouped to stay below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.render import tally
from mlsec.render.display import plural, shown

RESULTS_PER_RUN = 5_000


def left_out_notices(assessment: Assessment) -> list[str]:
    """Say what the upload file does not show one by one, for the job summary."""
    notices = unread_notices(assessment)
    for scope, findings in open_by_scope(assessment).items():
        _, left_out = split_for_upload(findings)
        grouped = sum(map(len, left_out))
        if grouped:
            notices.append(grouped_notice(scope, grouped, len(left_out)))
    return notices


def unread_notices(assessment: Assessment) -> list[str]:
    """Say of which scopes nothing could be read, and what to allow."""
    unread = tally.unread_scopes(assessment)
    hidden: dict[str, list[tally.GapGroup]] = defaultdict(list)
    for group in tally.gap_groups(assessment) if unread else ():
        hidden[group.scope].append(group)
    return [
        f"{scope}: nothing could be read, so results.sarif has no run for it and its open "
        f"alerts stay as they are{_allow(hidden[scope])}"
        for scope in unread
    ]


def _allow(groups: Sequence[tally.GapGroup]) -> str:
    rights = ", ".join(shown(right, 120) for right in tally.missing_rights(groups))
    return f"; allow {rights} and scan again" if rights else ""


def grouped_notice(scope: str, findings: int, rules: int) -> str:
    return (
        f"{scope}: {plural(findings, 'failure')} beyond the {RESULTS_PER_RUN:,} that code-scanning "
        f"services keep are grouped into one result for each of {plural(rules, 'rule')} "
        "in results.sarif"
    )


def open_by_scope(assessment: Assessment) -> dict[str, list[Finding]]:
    by_scope: dict[str, list[Finding]] = defaultdict(list)
    for finding in tally.sorted_findings(assessment):
        if tally.is_open(finding):
            by_scope[finding.resource.scope].append(finding)
    return by_scope


def split_for_upload(findings: Sequence[Finding]) -> tuple[Sequence[Finding], list[list[Finding]]]:
    """Part the findings of a scope into those that fit a run and the rest by rule."""
    if len(findings) <= RESULTS_PER_RUN:
        return findings, []
    keep = RESULTS_PER_RUN - len({(item.rule, item.severity) for item in findings})
    rest: dict[tuple[str, Severity], list[Finding]] = defaultdict(list)
    for finding in findings[max(keep, 0) :]:
        rest[finding.rule, finding.severity].append(finding)
    return findings[: max(keep, 0)], list(rest.values())[:RESULTS_PER_RUN]
