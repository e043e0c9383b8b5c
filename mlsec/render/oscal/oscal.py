"""results.oscal.json: the scan as OSCAL assessment results 1.1.3, for GRC systems."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.render.oscal.findings import Findings
from mlsec.render.oscal.names import Uuids, line, prop
from mlsec.render.oscal.observations import TOOL, Observations, inventory
from mlsec.render.settings import DEFAULT, RenderSettings

OSCAL_VERSION = "1.1.3"
_EPOCH = "1970-01-01T00:00:00Z"


def render_oscal(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the assessment results; equal assessments give equal bytes.

    Raises:
        MlsecError: the catalogue does not have the chosen framework, or it has no such profile.
    """
    uuids = Uuids(assessment)
    plan = uuids.of("plan")
    document = {
        "assessment-results": {
            "uuid": uuids.of("assessment-results"),
            "metadata": {
                "title": "mlsec assessment results",
                "last-modified": _time(assessment.scan.finished_at),
                "version": line(assessment.tool.version),
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {"href": f"#{plan}", "remarks": "No assessment plan was given."},
            "results": [_result(assessment, uuids, settings)],
            "back-matter": {"resources": [_plan(assessment, plan)]},
        }
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _result(assessment: Assessment, uuids: Uuids, settings: RenderSettings) -> Mapping[str, Any]:
    scan = assessment.scan
    observations = Observations(assessment, uuids, _time(scan.finished_at))
    findings = Findings(assessment, uuids, observations, settings)
    reviewed = findings.reviewed()
    result: dict[str, Any] = {
        "uuid": uuids.of("result"),
        "title": line(f"Scan of {', '.join(scan.targets)}" if scan.targets else "Scan"),
        "description": "What the rules of mlsec found in the collected configuration.",
        "start": _time(scan.started_at),
        "end": _time(scan.finished_at),
        "props": [
            prop("snapshot-digest", scan.snapshot_digest),
            prop("rules-digest", assessment.tool.rules_digest),
            prop("principal", scan.principal),
        ],
        "local-definitions": _definitions(assessment, uuids),
        "reviewed-controls": {"control-selections": reviewed or [{"description": "None."}]},
    }
    optional = {"observations": list(observations.all), "findings": findings.all()}
    result.update((name, items) for name, items in optional.items() if items)
    limit = (assessment.limit.summary,) if assessment.limit else ()
    remarks = [line(text) for text in (*limit, *assessment.remarks)]
    if remarks:
        result["remarks"] = "\n\n".join(remarks)
    return result


def _definitions(assessment: Assessment, uuids: Uuids) -> Mapping[str, Any]:
    tool = assessment.tool
    component = {
        "uuid": uuids.of(TOOL),
        "type": "software",
        "title": tool.name,
        "description": "Scanner of the security of machine learning deployments.",
        "props": [{"name": "version", "value": line(tool.version)}],
        "status": {"state": "operational"},
    }
    platform = {
        "uuid": uuids.of("platform"),
        "title": line(assessment.scan.host),
        "uses-components": [{"component-uuid": component["uuid"]}],
    }
    assets = {"components": [component], "assessment-platforms": [platform]}
    items = inventory(assessment)
    return {**({"inventory-items": items} if items else {}), "assessment-assets": assets}


def _plan(assessment: Assessment, plan: str) -> Mapping[str, Any]:
    """Stand in for the assessment plan, to which assessment results have to refer."""
    return {
        "uuid": plan,
        "title": "No assessment plan",
        "description": line(f"The scan was asked for by: {assessment.scan.command}"),
    }


def _time(text: str) -> str:
    """Give a time as it stands in the assessment; the epoch where it is not one."""
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return _EPOCH
    return text if moment.tzinfo else _EPOCH
