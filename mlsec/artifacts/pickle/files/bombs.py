"""Bombs of plain data: values that refer to one another until they are too large to handle."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.policy.verdict import Verdict
from mlsec.artifacts.pickle.vm.growth import Growth, Spans
from mlsec.artifacts.pickle.vm.plain_data import FAR_INDEX
from mlsec.core.enums import GapReason, Severity

# A value written out without references: more items than these, or so many per byte of the file.
NODES = 50_000_000
NODES_PER_BYTE = 100_000


def note_far(highest: int, verdict: Verdict, start: int) -> None:
    """Note a memo index that no pickler comes to; the stream began at ``start``."""
    # A pickler numbers what it wrote, and no entry is written in less than a byte.
    if highest > max(FAR_INDEX, verdict.window.size_bytes):
        detail = f"memo entry {highest}, for which the loader allocates all entries before it"
        verdict.note(FactKind.BOMB, "memo", detail, start, Severity.MEDIUM)


def note_claims(claims: tuple[str, ...], verdict: Verdict, start: int) -> None:
    """Note what a loader pays for and no pickler writes, in the stream that began at ``start``."""
    for claim in claims:
        detail = f"{claim}: whatever loads or follows it fails, or takes memory and time"
        verdict.note(FactKind.BOMB, "stream", detail, start, Severity.MEDIUM)


def note_growth(window: Window, spans: Spans, verdict: Verdict, budget: Budget) -> None:
    """Note what a stream that shares containers would grow to; ``spans`` are where its opcodes lie.

    Where it breaks, the loader ends too, before anything is written out.
    """
    start, limit = spans[0][0], min(NODES, NODES_PER_BYTE * (spans[-1][1] - spans[0][0]))
    growth = Growth(window, budget)
    try:
        growth.follow(spans)
    except IndexError:
        return
    except ArtifactError as error:
        verdict.record.unread(GapReason.OVER_LIMIT, f"what it grows to: {error.message}")
        return
    if growth.largest(limit) >= limit:
        detail = f"{limit} items or more once references are written out, as printing does"
        verdict.note(FactKind.BOMB, "references", detail, start, Severity.MEDIUM)
