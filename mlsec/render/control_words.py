"""What reports call the result of a control."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.core.enums import ControlStatus

# In this order: what matters most first.
CONTROL_LABELS: Mapping[ControlStatus, str] = {
    ControlStatus.AGAINST: "evidence against",
    ControlStatus.TESTED_PART: "evidence for the tested part",
    ControlStatus.NOT_ASSESSED: "not assessed",
    ControlStatus.NO_EVIDENCE: "no evidence",
    ControlStatus.MANUAL: "manual",
}
