"""Model Armor in the invented company: one floor, a template for each deployment."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    LABELS,
    RECENT,
    Body,
    Fault,
    Kind,
    planted,
    with_,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_HARMS = ("HATE_SPEECH", "HARASSMENT", "DANGEROUS", "SEXUALLY_EXPLICIT")
FLOOR = {
    "name": f"projects/{PROJECT}/locations/global/floorSetting",
    "enableFloorSettingEnforcement": True,
    "integratedServices": ["AI_PLATFORM"],
    "aiPlatformFloorSetting": {"inspectAndBlock": True, "enableCloudLogging": True},
    "filterConfig": {"piAndJailbreakFilterSettings": {"filterEnforcement": "ENABLED"}},
}


def _template(site: Site, path: str) -> Body:
    return {
        "name": path,
        "createTime": RECENT,
        "labels": dict(LABELS),
        "filterConfig": {
            "raiSettings": {
                "raiFilters": [
                    {"filterType": harm, "confidenceLevel": "MEDIUM_AND_ABOVE"} for harm in _HARMS
                ]
            },
            "sdpSettings": {"basicConfig": {"filterEnforcement": "ENABLED"}},
            "piAndJailbreakFilterSettings": {
                "filterEnforcement": "ENABLED",
                "confidenceLevel": "MEDIUM_AND_ABOVE",
            },
            "maliciousUriFilterSettings": {"filterEnforcement": "ENABLED"},
        },
        "templateMetadata": {"logSanitizeOperations": True, "enforcementType": "INSPECT_AND_BLOCK"},
    }


def _set(rule: str, path: str, value: object) -> Fault:
    return Fault(rules=(f"model-armor/template-{rule}",), change=with_(path, value))


TEMPLATE = Kind(
    noun="templates",
    document="modelarmor.v1",
    schema="Template",
    body=_template,
    faults=(
        _set("without-injection-filter", "filterConfig.piAndJailbreakFilterSettings", {}),
        _set(
            "injection-filter-weak",
            "filterConfig.piAndJailbreakFilterSettings.confidenceLevel",
            "HIGH",
        ),
        _set("harm-filters-weak", "filterConfig.raiSettings.raiFilters", []),
        _set("without-personal-data-filter", "filterConfig.sdpSettings", {}),
        _set("without-malicious-url-filter", "filterConfig.maliciousUriFilterSettings", {}),
        _set("detect-only", "templateMetadata.enforcementType", "INSPECT_ONLY"),
        _set("without-log", "templateMetadata.logSanitizeOperations", False),
        _set("fails-open", "templateMetadata.ignorePartialInvocationFailures", True),
    ),
)
KINDS = (TEMPLATE,)
FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    path = str(FLOOR["name"])
    return [Told(document="modelarmor.v1", schema="FloorSetting", path=path, body=FLOOR)]


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
