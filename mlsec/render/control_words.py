"""What reports call the result of a control, and what that is where it is only counted."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Automation, ControlStatus
from mlsec.core.framework import Control

# In this order: what matters most first.
CONTROL_LABELS: Mapping[ControlStatus, str] = {
    ControlStatus.AGAINST: "evidence against",
    ControlStatus.TESTED_PART: "evidence for the tested part",
    ControlStatus.NOT_ASSESSED: "not assessed",
    ControlStatus.NO_EVIDENCE: "no evidence",
    ControlStatus.MANUAL: "manual",
}


def unlisted_status(control: Control, *, is_linked: bool) -> ControlStatus:
    """Give the result of a control that an assessment only counts."""
    if is_linked and control.automation is not Automation.MANUAL:
        return ControlStatus.NO_EVIDENCE
    return ControlStatus.MANUAL


def linked_controls(assessment: Assessment) -> frozenset[str]:
    """Name every control that a rule links to, as ``framework/ID``, whatever was scanned."""
    rules = assessment.catalogue.rules
    return frozenset(link.id for rule in rules for link in rule.controls)
