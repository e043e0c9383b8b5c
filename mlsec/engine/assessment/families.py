"""Low findings on resilience that many objects of one folder share: one finding names them all.

Manifests that a chart or a generator wrote have one default in common, and that is one decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import msgspec

from mlsec.core.enums import Category, Severity, Status
from mlsec.core.finding import Finding

Place = tuple[str, str]
# Two may be chance.
_LEAST = 3


def join_families(
    findings: Iterable[Finding], places: Iterable[Place]
) -> tuple[tuple[Finding, ...], list[Place]]:
    """Give one finding for what at least three objects of a folder fail alike, and its place."""
    groups: defaultdict[Hashable, list[tuple[Finding, Place]]] = defaultdict(list)
    for number, (finding, place) in enumerate(zip(findings, places, strict=True)):
        key: Hashable = (_family(finding), place[0]) if _may_be_shared(finding) else number
        groups[key].append((finding, place))
    kept: list[tuple[Finding, Place]] = []
    for group in groups.values():
        kept += [(_one_of(group), group[0][1])] if len(group) >= _LEAST else group
    return tuple(finding for finding, _ in kept), [place for _, place in kept]


def _may_be_shared(finding: Finding) -> bool:
    subject = finding.resource
    return (
        finding.status is Status.FAIL
        and finding.severity is Severity.LOW
        and finding.category is Category.RESILIENCE
        and finding.waiver is None
        and subject.is_in_code
        and subject.provider == "kubernetes"
    )


def _family(finding: Finding) -> Hashable:
    """Give what findings of one family have in common: rule, folder, and what decided."""
    said = tuple((item.path, item.operator, repr(item.actual)) for item in finding.evidence)
    subject = finding.resource
    return finding.rule, subject.scope, subject.file.rpartition("/")[0], said


def _one_of(group: Sequence[tuple[Finding, Place]]) -> Finding:
    members = sorted((finding for finding, _ in group), key=lambda item: item.resource.id)
    first = members[0]
    folder = first.resource.file.rpartition("/")[0]
    where = f"in {folder}" if folder else "beside it"
    return msgspec.structs.replace(
        first,
        message=f"{first.message} (and so {len(members) - 1:,} others {where})",
        stands_for=tuple(finding.resource.id for finding in members),
    )
