"""Inspections of files that could not be read to their end: never reported as clean."""

from __future__ import annotations

from mlsec.artifacts.facts import Fact, FactKind, Format, Inspection, InspectionGap
from mlsec.core.enums import GapReason, Severity


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
