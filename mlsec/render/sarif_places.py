"""Where SARIF results point: a line of infrastructure code, else the resource's inventory line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.finding import Finding, Subject
from mlsec.render.shown import shown, shown_id

_ROOT = "%SRCROOT%"


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of the inventory file and the line number (from 1) of each resource id."""

    path: str
    lines: tuple[str, ...]
    line_of: Mapping[str, int]

    def payload(self) -> bytes:
        """Give the file's bytes: one resource id a line, sorted."""
        return "".join(f"{line}\n" for line in self.lines).encode()


def build_inventory(assessment: Assessment, path: str) -> Inventory:
    """List every resource that a result, a path or a piece of evidence names."""
    shown_ids = {one: shown_id(one) for one in _named(assessment.findings)}
    lines = sorted(set(shown_ids.values()))
    number = {line: position for position, line in enumerate(lines, start=1)}
    return Inventory(
        path=path,
        lines=tuple(lines),
        line_of={one: number[line] for one, line in shown_ids.items()},
    )


def _named(findings: Iterable[Finding]) -> set[str]:
    named = set()
    for finding in findings:
        named.add(finding.resource.id)
        named.update(one.resource for one in finding.evidence if one.resource)
        if finding.path:
            named.update(node.id for node in finding.path.nodes)
    return named


def subject_location(subject: Subject, inventory: Inventory) -> dict[str, Any]:
    """Locate a judged resource, in its source file where that is known."""
    if not subject.file or not _is_inside(subject.file):
        return resource_location(subject.id, subject.name, inventory)
    line = max(1, subject.line)
    region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}
    return {
        "physicalLocation": _physical(relative_uri(subject.file), region),
        "logicalLocations": [_logical(subject.id, subject.name)],
    }


def resource_location(resource_id: str, name: str, inventory: Inventory) -> dict[str, Any]:
    """Locate a resource at its line in the inventory file (line 1 when it is not listed)."""
    line = inventory.line_of.get(resource_id, 1)
    text = inventory.lines[line - 1] if inventory.lines else ""
    region = {
        "startLine": line,
        "startColumn": 1,
        "endLine": line,
        "endColumn": len(text.encode("utf-16-le")) // 2 + 1,
    }
    return {
        "physicalLocation": _physical(relative_uri(inventory.path), region),
        "logicalLocations": [_logical(resource_id, name)],
    }


def relative_uri(path: str) -> str:
    """Percent-encode a path relative to the repository; a colon too, it would read as a scheme."""
    clean = path.replace("\\", "/").removeprefix("./")
    try:
        encoded = clean.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = clean.encode("utf-8", "surrogatepass")
    return quote(encoded, safe="/")


def _is_inside(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    is_plain = shown(path) == path and bool(path.strip())
    return is_plain and bool(parts[0] and parts[-1]) and ".." not in parts and ":" not in parts[0]


def _physical(uri: str, region: dict[str, int]) -> dict[str, Any]:
    return {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}, "region": region}


def _logical(resource_id: str, name: str) -> dict[str, str]:
    full = shown_id(resource_id) or "(no id)"
    return {
        "name": shown(name, 200) or full,
        "fullyQualifiedName": full,
        "kind": "resource",
    }
