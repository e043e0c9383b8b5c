"""Inspections of files that could not be read to their end: never reported as clean."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.artifacts.facts import Fact, FactKind, Format, Inspection, InspectionGap
from mlsec.core.enums import GapReason, Severity

CHANGED = "the file was changed while it was read"


def crashed(reason: GapReason, detail: str, size_bytes: int = -1) -> Inspection:
    """The inspection of a file whose reading crashed or had to be ended: suspicious in itself."""
    fact = Fact(
        kind=FactKind.NOT_FULLY_READ,
        danger=Severity.HIGH,
        subject=reason.value,
        detail=detail[:400],
    )
    return Inspection(
        size_bytes=size_bytes,
        formats=(Format.UNKNOWN,),
        facts=(fact,),
        gaps=(InspectionGap(reason=reason, detail=detail[:400]),),
    )


def unreadable(reason: GapReason, detail: str) -> Inspection:
    """The inspection of a file that could not even be opened."""
    return Inspection(
        size_bytes=-1,
        formats=(Format.UNKNOWN,),
        gaps=(InspectionGap(reason=reason, detail=detail[:400]),),
    )


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts as an inspection lists them: by member, place in it, and kind."""
    return tuple(sorted(facts, key=lambda fact: (fact.place, fact.offset, fact.kind.value)))


def changed(inspection: Inspection) -> Inspection:
    """The inspection of a file that was changed meanwhile: what was read may be neither state."""
    reason = GapReason.UNRESOLVED
    fact = Fact(
        kind=FactKind.NOT_FULLY_READ,
        danger=Severity.HIGH,
        subject=reason.value,
        detail=CHANGED,
        offset=0,
    )
    return msgspec.structs.replace(
        inspection,
        facts=in_order((*inspection.facts, fact)),
        gaps=(*inspection.gaps, InspectionGap(reason=reason, detail=CHANGED)),
    )
