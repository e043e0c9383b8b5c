"""checkov's word from snapshot to findings and gaps: what it could not read is not assessed."""

from __future__ import annotations

from mlsec.collect.tally import Tally
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.external_finding import ExternalReport, ExternalRun
from mlsec.core.resource import Inventory
from mlsec.snapshot.answers import answer_of
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

SERVICE, TYPE = "checkov", "checkov"


def read(snapshot: Snapshot) -> tuple[tuple[ExternalReport, ...], Inventory]:
    """Give what checkov said, by scope, with its gaps and an account of the files it was given.

    Raises:
        MlsecError: the evidence is damaged.
    """
    tally = Tally()
    result = []
    for call in snapshot.calls():
        if call.service == SERVICE:
            run = answer_of(snapshot, call, ExternalRun)
            _account(call, run, tally)
            result.append(ExternalReport(scope=call.scope, run=run))
    return tuple(result), Inventory(
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)), coverage=tally.coverage()
    )


def _account(call: Call, run: ExternalRun, tally: Tally) -> None:
    place = (TYPE, call.scope, "")
    tally.look(place)
    if call.reason:
        gap = make_gap(
            scope=call.scope, subject=call.scope, wanted=TYPE, reason=GapReason(call.reason),
            detail=call.detail,
        )  # fmt: skip
        tally.hide(place, gap, is_listing=True)
        tally.add(place, errored=run.given)
        return
    for file_id in run.unread:
        gap = make_gap(
            scope=call.scope, subject=file_id, wanted=TYPE, reason=GapReason.MALFORMED,
            detail="checkov could not parse it",
        )  # fmt: skip
        tally.hide(place, gap, is_listing=False)
    unread = min(len(run.unread), run.given)
    tally.add(place, assessed=run.given - unread, errored=unread)
    if run.not_understood:
        gap = make_gap(
            scope=call.scope, subject=call.scope, wanted=TYPE, reason=GapReason.UNSUPPORTED,
            detail=f"{run.not_understood:,} entries of its output were not understood",
        )  # fmt: skip
        tally.hide(place, gap, is_listing=True)
