"""Findings at one line of a module that several roots call: one finding names the roots."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import msgspec

from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.assessment.scenarios import listed

Place = tuple[str, str]


def join_roots(
    findings: Iterable[Finding], places: Iterable[Place], resources: Mapping[str, Resource]
) -> tuple[tuple[Finding, ...], list[Place]]:
    """Give one finding for what several roots make at one line, and the places of those left.

    What one root makes there several times stays as many findings, and what is folded is not
    joined to what is deployed.
    """
    groups: defaultdict[Hashable, list[tuple[str, Finding, Place]]] = defaultdict(list)
    met: Counter[Hashable] = Counter()
    for number, (finding, place) in enumerate(zip(findings, places, strict=True)):
        root = _root_of(finding, resources)
        key: Hashable = number
        if root:
            subject, waiver = finding.resource, finding.waiver
            words = finding.message.removeprefix(subject.name)
            said = (finding.rule, finding.status, finding.severity, words)
            line = (subject.scope, subject.file, subject.line)
            at = (subject.type, line, place[0], waiver and waiver.id)
            met[root, said, at] += 1
            key = (said, at, met[root, said, at])
        groups[key].append((root, finding, place))
    joined = tuple(_joined(group) for group in groups.values())
    return joined, [group[0][2] for group in groups.values()]


def _root_of(finding: Finding, resources: Mapping[str, Resource]) -> str:
    """Give the root that makes what a module declares; "" for what has none."""
    resource = resources.get(finding.resource.id)
    subject = finding.resource
    declared, mark, _ = subject.id.partition("#")
    if resource is None or not mark or not subject.is_in_code:
        return ""
    # Where several repositories are judged, what each declares begins with its name.
    root = declared.removeprefix(f"{subject.scope.partition('/')[2]}/")
    return root if f"{resource.origin.stack} ".startswith(f"{root} ") else ""


def _joined(group: Sequence[tuple[str, Finding, Place]]) -> Finding:
    first = group[0][1]
    if len(group) < 2:
        return first
    roots = tuple(root for root, _, _ in group)
    return msgspec.structs.replace(
        first,
        scenarios=first.scenarios or roots,
        message=f"{first.message} (in {listed(roots)})",
    )
