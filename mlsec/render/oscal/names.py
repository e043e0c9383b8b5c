"""Identifiers and properties as OSCAL wants them: UUIDs that a scan decides, tokens, plain text."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from mlsec.core.assessment import Assessment
from mlsec.render.display import shown, shown_id

# OSCAL wants an address that names whose property it is; nobody can ever own this one.
NAMESPACE = "https://mlsec.invalid/ns/oscal"
_UUIDS = uuid.UUID("3b7c1f0e-2f5d-5a86-9c55-0d2a4f7e91ac")
# The catalogue whose OSCAL form has ids of its own: AC-2(3) is ac-2.3 there.
_OSCAL_CATALOGUE = "nist-800-53"
_TOKEN_PARTS = {"(": ".", ")": ""}


class Uuids:
    """Gives the UUIDs of one scan's results: equal assessments have equal ones, others have not."""

    def __init__(self, assessment: Assessment) -> None:
        tool, scan = assessment.tool, assessment.scan
        facts = (scan.snapshot_digest, tool.rules_digest, scan.started_at, scan.finished_at)
        self._scan = uuid.uuid5(_UUIDS, "\x00".join(facts))

    def of(self, kind: str, name: str = "") -> str:
        """Name a part of these results by its kind and what distinguishes it."""
        return str(uuid.uuid5(self._scan, f"{kind}\x00{name}".encode("utf-8", "replace").decode()))


def resource_uuid(resource_id: str) -> str:
    """Name a resource: the same in the results of every scan."""
    plain = resource_id.encode("utf-8", "surrogatepass").hex()
    return str(uuid.uuid5(_UUIDS, f"resource\x00{plain}"))


def control_token(framework: str, control_id: str) -> str:
    """Give the id of a control as a token: ``ac-2.3``, ``eu-ai-act_Art.9.2.c``.

    Those of SP 800-53 are the ids of NIST's own OSCAL catalogue; others begin with the framework.
    """
    if framework == _OSCAL_CATALOGUE:
        return _token(control_id).lower()
    return f"{framework}_{_token(control_id)}"


def _token(control_id: str) -> str:
    marks = (_TOKEN_PARTS.get(mark, mark) for mark in control_id)
    return "".join(mark if mark.isalnum() or mark in ".-_" else "_" for mark in "".join(marks))


def prop(name: str, value: str) -> Mapping[str, str]:
    """Give a property of ours; its value is one line and never empty."""
    return {"name": name, "ns": NAMESPACE, "value": line(value)}


def line(text: str) -> str:
    """Show text as one line without white space at its ends; OSCAL has no empty value."""
    return shown(text).strip() or "-"


def name_of(resource_id: str) -> str:
    """Show the id of a resource as one line."""
    return shown_id(resource_id).strip() or "-"
