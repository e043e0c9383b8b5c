"""Places as SARIF writes them: a physical location in the repository, a logical one always."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mlsec.core.finding import Finding
from mlsec.core.sanitize import name_bytes
from mlsec.render.display import shown, shown_id
from mlsec.render.locations import Inventory, Place, in_code, place_of, repository_path

_ROOT = "%SRCROOT%"


def finding_location(finding: Finding, inventory: Inventory) -> dict[str, Any]:
    """Locate a finding at the line that decided it, else at its resource's."""
    subject = finding.resource
    return _location(place_of(finding, inventory), subject.id, subject.name, inventory)


def resource_location(
    resource_id: str, name: str, inventory: Inventory, source: str = ""
) -> dict[str, Any]:
    """Locate a resource where code declares it, else at its line in the inventory file.

    ``source`` is where one of its values was read, if that is what is spoken of.
    """
    declared = inventory.declared.get(resource_id)
    place = in_code(source) or declared or inventory.listed(resource_id)
    return _location(place, resource_id, name, inventory)


def relative_uri(path: str) -> str:
    """Percent-encode a path relative to the repository; a colon too, it would read as a scheme."""
    return quote(name_bytes(repository_path(path)), safe="/")


def _location(place: Place, resource_id: str, name: str, inventory: Inventory) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": relative_uri(place.file), "uriBaseId": _ROOT},
            "region": {
                "startLine": place.line,
                "startColumn": place.column or 1,
                "endLine": place.line,
                "endColumn": _end(place, inventory),
            },
        },
        "logicalLocations": [_logical(resource_id, name)],
    }


def _end(place: Place, inventory: Inventory) -> int:
    """The column after the last; of a line of code only its beginning is known."""
    if place.file != inventory.path or not inventory.lines:
        return (place.column or 1) + 1
    text = inventory.lines[min(place.line, len(inventory.lines)) - 1]
    return len(text.encode("utf-16-le")) // 2 + 1


def _logical(resource_id: str, name: str) -> dict[str, str]:
    full = shown_id(resource_id) or "(no id)"
    return {
        "name": shown(name, 200) or full,
        "fullyQualifiedName": full,
        "kind": "resource",
    }
