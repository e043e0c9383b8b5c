"""How SARIF results stand to those of the earlier scan: baselineState, and what is gone.

SARIF wants a state on every result of a run or on none. A code host that does not know the property
opens an alert for each result, so a file that is uploaded holds none that is ``absent``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change, Changes, EarlierFailure
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.render.display import shown
from mlsec.render.locations import Inventory
from mlsec.render.sarif.results import finding_result
from mlsec.render.wording import Wording

Result = dict[str, Any]


def with_state(result: Result, finding: Finding, assessment: Assessment) -> Result:
    """Add what became of a failure since the earlier scan, and when a scan first found it."""
    changes = assessment.changes
    if changes is None or changes.is_first:
        return result
    known = result.get("properties", {})
    result = {**result, "baselineState": _state(finding, changes)}
    result["properties"] = {**known, "change": shown(finding.change)}
    if finding.first_seen is not msgspec.UNSET and len(finding.first_seen) == _TIME_CHARS:
        result["provenance"] = {"firstDetectionTimeUtc": shown(finding.first_seen)}
    return result


def was_there(scope: str, findings: Iterable[Finding], assessment: Assessment) -> bool:
    """Whether the earlier scan had a run for a scope, as far as a failure of that time shows it."""
    changes = assessment.changes
    if changes is None or changes.is_first:
        return False
    is_known = any(_state(finding, changes) != "new" for finding in findings)
    return is_known or any(failure.resource.scope == scope for failure in changes.absent)


def group_state(findings: list[Finding], assessment: Assessment) -> Result:
    """Give the state of a result that stands for several failures, to be added to it."""
    changes = assessment.changes
    if changes is None or changes.is_first:
        return {}
    states = {_state(finding, changes) for finding in findings}
    return {"baselineState": states.pop() if len(states) == 1 else "updated"}


def absent_results(
    assessment: Assessment, inventory: Inventory, wording: Wording
) -> list[tuple[Finding, Result]]:
    """Give the failures that are gone, for the archive.

    One that was fixed, or whose resource is no longer seen, is ``absent``. One that could not be
    assessed now is an open question and not gone. One of a rule that did not run is left out:
    nothing is known of it.
    """
    changes = assessment.changes
    if changes is None or changes.is_first:
        return []
    shown_already = {finding.fingerprint for finding in assessment.findings}
    results = []
    for failure in changes.absent:
        if failure.change is Change.RULE_GONE:
            continue
        finding = _as_finding(failure)
        result = finding_result(finding, inventory, wording)
        result["properties"] |= {"change": failure.change.value}
        if failure.change is Change.NOT_ASSESSED_NOW:
            if failure.fingerprint in shown_already:
                continue
            result |= {"kind": "open", "level": "none", "baselineState": "updated"}
        else:
            result |= {"baselineState": "absent"}
        results.append((finding, result))
    return results


def run_changes(assessment: Assessment) -> Result:
    """Give what a run says of the whole scan: what changed, and what the gate said."""
    said: Result = {}
    changes, gate = assessment.changes, assessment.gate
    if changes is not None:
        counts = {change.value: getattr(changes, change.value) for change in Change}
        said["mlsec/changes"] = {
            "summary": shown(changes.summary),
            "source": shown(changes.source, 20),
            "since": shown(changes.since, 40),
            **counts,
        }
    if gate is not None:
        said["mlsec/gate"] = {
            "result": gate.result.value,
            "findings": len(gate.findings),
            "causes": len(gate.causes),
            "unread": gate.unread,
        }
    return said


_TIME_CHARS = len("2026-11-22T08:00:00Z")


def _state(finding: Finding, changes: Changes) -> str:
    if finding.change == Change.REGRESSED.value:
        was_open = finding.open_since is not msgspec.UNSET and finding.open_since < changes.until
        return "updated" if was_open else "new"
    return "unchanged" if finding.change == Change.UNCHANGED.value else "new"


def _as_finding(failure: EarlierFailure) -> Finding:
    return Finding(
        fingerprint=failure.fingerprint,
        rule=failure.rule,
        status=Status.FAIL,
        severity=failure.severity,
        category=failure.category,
        concern=failure.concern,
        resource=failure.resource,
        message=failure.message,
    )
