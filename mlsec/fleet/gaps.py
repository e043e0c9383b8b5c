"""Scopes of which there is no evidence: what is not assessed there, and why, is kept as such."""

from __future__ import annotations

from pathlib import Path

from mlsec.collect.folders.entry import Listing, Skipped
from mlsec.collect.parts import leave_open
from mlsec.core.resource import Gap
from mlsec.fleet.pieces import Piece
from mlsec.fleet.units import Kind
from mlsec.model_files.evidence import listing_call
from mlsec.model_files.stores import scope_of as files_scope
from mlsec.repository.collector import scope_of as code_scope
from mlsec.repository.evidence import gap_call
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import scheme_of


def leave_out(snapshot: Snapshot, piece: Piece) -> Gap | None:
    """Keep why a unit brought nothing.

    Returns:
        The gap of its whole scope, where the provider keeps such gaps among its places.
    """
    gap = piece.gap()
    if piece.kind is Kind.FOLLOW:
        leave_open(snapshot, piece.task.questions, gap)
        return None
    match piece.task.provider:
        case "files":
            _leave_out_files(snapshot, piece.task.address, gap)
        case "probe":
            _leave_out_server(snapshot, piece.task.address, gap)
        case _:
            return gap
    return None


def _leave_out_files(snapshot: Snapshot, target: str, gap: Gap) -> None:
    right = f" (missing: {gap.missing_right})" if gap.missing_right else ""
    why = f"{gap.detail}{right}"
    name = target if scheme_of(target) else str(Path(target))
    lost = Skipped(id=name, why=why, reason=gap.reason)
    listing = Listing(skipped=(lost,), is_complete=False)
    snapshot.record(*listing_call(files_scope(target), listing))
    if not scheme_of(target):
        snapshot.record(*gap_call(code_scope(target), name, gap.reason, why))


def _leave_out_server(snapshot: Snapshot, target: str, gap: Gap) -> None:
    from mlsec.servers.probe.response_record import RESOLVE, SERVICE  # noqa: PLC0415
    from mlsec.servers.probe.target import parse_target  # noqa: PLC0415

    call = Call(
        scope=parse_target(target).scope, region="", service=SERVICE, operation=RESOLVE,
        status=CallStatus.GAP, reason=gap.reason.value, detail=gap.detail,
    )  # fmt: skip
    snapshot.record(call, None)
