"""What every live client shares: settled calls, one budget per service, all stored as it comes."""

from __future__ import annotations

import datetime
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.client.meter import AnswerLimits, over_limit
from mlsec.collect.client.rate_limit import Budget
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.call_failure import PASSING_DETAILS, CallFailure
from mlsec.collect.walk.client import CallResult, Request, interpret
from mlsec.collect.walk.plan import Operation, says
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

_PASSING = (GapReason.THROTTLED.value, GapReason.TIMEOUT.value)
Redact = Callable[[Operation, Any], Any]


class StoppedError(Exception):
    """The user stopped the collection while a call was waiting."""


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended: ``document`` holds the pages that were read, None for none."""

    trouble: CallFailure | None
    document: Any = None
    count: int = 0
    is_offered: bool = True


class RecordingClient:
    """Asks a provider, stores every end of a call, and never asks a settled call again.

    A provider says in ``attempt`` how one call is made.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        table: Mapping[str, Operation],
        redact: Redact,
        settings: LiveSettings,
    ) -> None:
        self.in_flight = settings.in_flight
        self.settings = settings
        self._snapshot, self._table, self._redact = snapshot, table, redact
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._settled = {call.id for call in snapshot.calls() if is_settled(call)}
        self._flights: dict[str, threading.Lock] = {}
        self._budgets: dict[tuple[str, str, str], Budget] = {}
        self._expired: dict[str, CallFailure] = {}
        self._kept_bytes = self._kept_values = 0
        self.rng = random.Random()  # noqa: S311 - jitter, not a secret
        self.ends_at = time.monotonic() + (settings.deadline_s or math.inf)

    def attempt(self, request: Request, call: Call) -> Attempted:
        """Make one call with its pages and retries; never raises for what a provider says."""
        raise NotImplementedError

    def stop(self) -> None:
        """Let every waiting call end at once."""
        self._stop.set()

    def ask(self, request: Request) -> CallResult | Gap:
        """CallResult from the snapshot when it is settled there, else ask and store.

        Raises:
            MlsecError: the operation is not in the table of reads.
        """
        if request.operation.label not in self._table:
            raise MlsecError(f"refused to call {request.operation.label}: not in the plans")
        call = Call(
            scope=request.scope,
            region=request.region,
            service=request.operation.service,
            operation=request.operation.name,
            params=request.key[4],
        )
        with self._guard:
            flight = self._flights.setdefault(call.id, threading.Lock())
        with flight:
            if call.id in self._settled:
                return self._stored(request, call.id)
            ended, document = self._make(request, call)
            self._settled.add(call.id)
            self._flights.pop(call.id, None)
        return interpret(request, ended, document)

    def _stored(self, request: Request, call_id: str) -> CallResult | Gap:
        call = self._snapshot.find(call_id)
        if call is None:
            raise MlsecError("the snapshot changed while it was written")
        document = self._snapshot.payload(call.payload) if call.payload else {}
        return interpret(request, call, document)

    def _make(self, request: Request, call: Call) -> tuple[Call, Any]:
        began = time.monotonic()
        started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        attempted = self.attempt(request, call)
        document, body = None, None
        if attempted.document is not None:
            document = self._redact(self._table[request.operation.label], attempted.document)
            body = canonical(document)
        ended = msgspec.structs.replace(
            _ended(call, request.operation, attempted, body),
            started_at=started_at.replace("+00:00", "Z"),
            took_ms=int((time.monotonic() - began) * 1000),
            attempts=attempted.count,
        )
        self._snapshot.record(ended, body, is_clean=True)
        return ended, document if document is not None else {}

    # What an attempt needs of the run as a whole.

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a stop."""
        if self._stop.wait(seconds) if seconds > 0 else self._stop.is_set():
            raise StoppedError

    def budget(self, key: tuple[str, str, str]) -> Budget:
        """Give the shared budget of a scope, region and service."""
        with self._guard:
            if key not in self._budgets:
                self._budgets[key] = Budget(self.settings.start_per_s)
            return self._budgets[key]

    def hopeless(self, call: Call) -> CallFailure | None:
        """Say why there is no use in asking at all: expired credentials, or no time left."""
        expired = self._expired.get(call.scope)
        if expired is not None:
            return expired
        if time.monotonic() > self.ends_at:
            return CallFailure(reason=GapReason.TIMEOUT, code="Deadline", detail="no time was left")
        return None

    def keep(self, size_bytes: int, values: int) -> CallFailure | None:
        """Count an answer; say so when all answers together have become too large to keep."""
        limits = AnswerLimits()
        with self._guard:
            self._kept_bytes += size_bytes
            self._kept_values += values
            is_over = self._kept_bytes > limits.scan_bytes or self._kept_values > limits.scan_values
        return over_limit("ScanTooLarge", "all answers of this scan together") if is_over else None

    def note(self, call: Call, trouble: CallFailure) -> None:
        """Remember trouble that concerns later calls too."""
        if trouble.is_expired:
            self._expired[call.scope] = trouble


def is_settled(call: Call) -> bool:
    """Whether a stored call need not be asked again on resume: all but what may pass with time."""
    return call.reason not in _PASSING and not call.detail.startswith(PASSING_DETAILS)


def _ended(call: Call, operation: Operation, attempted: Attempted, body: bytes | None) -> Call:
    trouble = attempted.trouble
    digest = digest_of(body) if body is not None else ""
    if not attempted.is_offered:
        detail = trouble.detail if trouble else ""
        return msgspec.structs.replace(call, status=CallStatus.NOT_OFFERED, detail=detail)
    if trouble is None:
        return msgspec.structs.replace(call, status=CallStatus.DONE, payload=digest)
    status = CallStatus.DONE if body is not None else CallStatus.GAP
    if says(operation.gone, trouble.code, trouble.detail):
        return msgspec.structs.replace(call, status=CallStatus.GONE, error_code=trouble.code)
    if says(operation.not_set, trouble.code, trouble.detail):
        return msgspec.structs.replace(call, status=CallStatus.NOT_SET, error_code=trouble.code)
    is_refused = trouble.reason is GapReason.DENIED and not trouble.is_expired
    return msgspec.structs.replace(
        call,
        status=status,
        reason=trouble.reason.value,
        error_code=trouble.code,
        right=(trouble.right or operation.right) if is_refused else "",
        detail=trouble.detail,
        payload=digest,
    )
