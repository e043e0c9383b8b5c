"""Where results point: the line that decided, in the code that was scanned; else a listed line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.finding import Evidence, Finding
from mlsec.render.display import shown, shown_id

_IN_CODE = re.compile(r"(?P<file>.+?):(?P<line>[1-9][0-9]{0,8})(?::(?P<column>[1-9][0-9]{0,8}))?")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A line (from 1) of a file of the repository; ``column`` 0 means the line as a whole."""

    file: str
    line: int
    column: int = 0


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Where each resource stands: in code, else at its line of the inventory file.

    ``lines`` are the inventory file's, ``line_of`` the number (from 1) of each resource's id;
    ``declared`` is where code declares a resource.
    """

    path: str
    lines: tuple[str, ...]
    line_of: Mapping[str, int]
    declared: Mapping[str, Place] = msgspec.field(default_factory=dict)

    def payload(self) -> bytes:
        """Give the file's bytes: one resource id a line, sorted."""
        return "".join(f"{line}\n" for line in self.lines).encode()

    def listed(self, resource_id: str) -> Place:
        """Give a resource's line in the inventory file (line 1 when it is not listed)."""
        return Place(file=self.path, line=self.line_of.get(resource_id, 1))


def build_inventory(assessment: Assessment, path: str) -> Inventory:
    """List every resource that a result, a path or a piece of evidence names."""
    shown_ids = {item: shown_id(item) for item in _named(assessment.findings)}
    lines = sorted(set(shown_ids.values()))
    number = {line: position for position, line in enumerate(lines, start=1)}
    return Inventory(
        path=path,
        lines=tuple(lines),
        line_of={value: number[line] for value, line in shown_ids.items()},
        declared=_declared(assessment.findings),
    )


def place_of(finding: Finding, inventory: Inventory) -> Place:
    """Give the line a reviewer would point at.

    That is the line of the property that decided; then the head of the block that declares the
    resource; then the resource's own line in the inventory file.
    """
    head = _head(finding)
    if head is None:
        return inventory.listed(finding.resource.id)
    for item in finding.evidence:
        place = _own_line(item, finding)
        if place is not None and (place.file, place.line) != (head.file, head.line):
            return place
    return head


def in_code(source: str) -> Place | None:
    """Read ``file:line`` or ``file:line:column``; None when a source is something else."""
    match = _IN_CODE.fullmatch(source)
    if match is None or not is_inside(match["file"]):
        return None
    return Place(
        file=repository_path(match["file"]),
        line=int(match["line"]),
        column=int(match["column"] or 0),
    )


def is_inside(path: str) -> bool:
    """Whether a path can only lie below the repository's root, and is fit to be shown as it is."""
    parts = path.split("/")
    # To some readers a backslash is another slash.
    is_below = ".." not in path.replace("\\", "/").split("/") and ":" not in parts[0]
    is_plain = shown(path) == path and bool(path.strip())
    return is_plain and bool(parts[0] and parts[-1]) and is_below


def repository_path(path: str) -> str:
    """Give a path from the repository's root; a backslash is a character of a name."""
    return path.removeprefix("./")


def _named(findings: Iterable[Finding]) -> set[str]:
    named = set()
    for finding in findings:
        named.add(finding.resource.id)
        named.update(item.resource for item in finding.evidence if item.resource)
        if finding.path:
            named.update(node.id for node in finding.path.nodes)
    return named


def _declared(findings: Iterable[Finding]) -> dict[str, Place]:
    """Where the findings say that code declares a resource: itself first, else by evidence."""
    heads: dict[str, Place] = {}
    by_evidence: dict[str, Place] = {}
    for finding in findings:
        head = _head(finding)
        if head is not None and finding.resource.line:
            heads.setdefault(finding.resource.id, head)
        for item in finding.evidence:
            place = in_code(item.source) if item.resource else None
            if place is not None:
                by_evidence.setdefault(item.resource, place)
    return by_evidence | heads


def _head(finding: Finding) -> Place | None:
    subject = finding.resource
    if not subject.file or not is_inside(subject.file):
        return None
    return Place(file=repository_path(subject.file), line=max(1, subject.line))


def _own_line(evidence: Evidence, finding: Finding) -> Place | None:
    if evidence.resource not in ("", finding.resource.id):
        return None
    return in_code(evidence.source)
