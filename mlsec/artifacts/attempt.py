"""Reads one file come what may: a mistake of ours is told as a hole in that one file."""

from __future__ import annotations

from mlsec.artifacts.facts import Fact, FactKind, Format, Hole, Inspection
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import GapReason, Severity


def attempt(window: Window, limits: Limits) -> Inspection:
    """Read a file; whatever goes wrong is in the answer."""
    try:
        return inspect(window, limits)
    except Exception as error:  # noqa: BLE001 - recorded: one file must never end the run
        return crashed(
            GapReason.UNSUPPORTED,
            f"reading it failed in mlsec itself ({type(error).__name__}: {error})",
            window.size_bytes,
        )


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
        holes=(Hole(reason=reason, detail=detail[:400]),),
    )


def unreadable(reason: GapReason, detail: str) -> Inspection:
    """The inspection of a file that could not even be opened."""
    return Inspection(
        size_bytes=-1,
        formats=(Format.UNKNOWN,),
        holes=(Hole(reason=reason, detail=detail[:400]),),
    )
