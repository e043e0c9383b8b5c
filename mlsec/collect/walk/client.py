"""Who answers the walk's questions: the stored answers of a snapshot, or a live provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mlsec.collect.walk.mapping import NOT_COLLECTED
from mlsec.collect.walk.plan import Operation, says
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.snapshot.records import Call, CallStatus, call_id, canonical_params
from mlsec.snapshot.store import Snapshot

# Whoever can make an answer "not found" could otherwise take a thing out of the scan.
VANISHED = "it is no longer there: deleted since it was listed, or hidden; scan again to see"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One question. ``subject`` is what a gap will name: the region, or the item asked about.

    ``filter_name`` is the parameter that only narrows a listing to some kinds: evidence that was
    taken with other kinds (by another version of the plans) still answers for those it has.
    """

    scope: str
    region: str
    operation: Operation
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    subject: str = ""
    filter_name: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The resume key of the call that answers this."""
        return (
            self.scope,
            self.region,
            self.operation.service,
            self.operation.name,
            canonical_params(self.params),
        )


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was said. ``cut`` is set when a listing ended early: more may exist.

    ``is_offered`` False: no such service here; ``why`` then says so in the provider's words, or is
    "". Of an index that answers in a service's place, ``why`` says what it may lack, and ``by`` is
    its name.
    """

    document: Any
    call: str
    cut: Gap | None = None
    is_offered: bool = True
    why: str = ""
    by: str = ""


class Client(Protocol):
    """Answers requests; safe to call from ``in_flight`` threads at once (1: only from one)."""

    in_flight: int

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the answer or why there is none; never raises for what a provider says."""


class SnapshotClient:
    """Answers from a snapshot; what was never asked is a gap, not an empty answer."""

    in_flight = 1

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def ask(self, request: Request) -> CallResult | Gap:
        """Look the call up."""
        asked = call_id(*request.key)
        call = self._snapshot.find(asked)
        if call is None:
            missed = gap_for(request, GapReason.NOT_COLLECTED, detail=NOT_COLLECTED)
            return self._near(request, missed) if request.filter_name else missed
        document = self._snapshot.payload(call.payload) if call.payload else {}
        return interpret(request, call, document, asked)

    def _near(self, request: Request, missed: Gap) -> CallResult | Gap:
        """CallResult from the widest listing that was made with another filter."""
        name = request.filter_name
        calls = self._snapshot.find_all(*request.key[:4])
        asked = {call: set(msgspec.json.decode(call.params).get(name, ())) for call in calls}
        if not asked:
            return missed
        call = max(asked, key=lambda call_asked: (len(asked[call_asked]), call_asked.params))
        document = self._snapshot.payload(call.payload) if call.payload else {}
        answer = interpret(request, call, document)
        if isinstance(answer, Gap) or asked[call] >= set(request.params[name]):
            return answer
        return msgspec.structs.replace(answer, cut=answer.cut or missed)


def interpret(request: Request, call: Call, document: Any, known_id: str = "") -> CallResult | Gap:
    """Say what a finished call means for this request; live and stored answers go through here.

    ``known_id`` is the call's id, where the caller has made that digest already.
    """
    operation = request.operation
    status = call.status
    if status is CallStatus.GAP and says(operation.gone, call.error_code, call.detail):
        status = CallStatus.GONE
    if status is CallStatus.GAP and says(operation.not_set, call.error_code, call.detail):
        status = CallStatus.NOT_SET
    match status:
        case CallStatus.DONE:
            cut = _gap_of(request, call) if call.reason else None
            return CallResult(document=document, call=known_id or call.id, cut=cut)
        case CallStatus.NOT_SET:
            return CallResult(document={}, call=known_id or call.id)
        case CallStatus.GONE:
            return gap_for(request, GapReason.UNSUPPORTED, detail=VANISHED)
        case CallStatus.NOT_OFFERED:
            asked = known_id or call.id
            return CallResult(document={}, call=asked, is_offered=False, why=call.detail)
        case CallStatus.GAP:
            return _gap_of(request, call)


def gap_for(request: Request, reason: GapReason, *, right: str = "", detail: str = "") -> Gap:
    """Build the gap of a request that has no answer."""
    return make_gap(
        scope=request.scope,
        subject=request.subject or request.region,
        wanted=request.operation.label,
        reason=reason,
        missing_right=right,
        detail=detail,
    )


def _gap_of(request: Request, call: Call) -> Gap:
    return gap_for(request, GapReason(call.reason), right=call.right, detail=call.detail)
