"""The asker that asks AWS: one budget per service, own retries, everything stored as it comes."""

from __future__ import annotations

import datetime
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.asker import Answer, Request, interpret
from mlsec.collect.aws.attempt import Attempt, LiveSettings, StoppedError
from mlsec.collect.aws.classify import (
    PASSING_DETAILS,
    Trouble,
)
from mlsec.collect.aws.clients import Clients
from mlsec.collect.budget import Budget
from mlsec.collect.plan import Operation
from mlsec.core.closed_sets import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

_PASSING = (GapReason.THROTTLED.value, GapReason.TIMEOUT.value)
Redact = Callable[[Operation, Any], Any]


class LiveAsker:
    """Asks AWS, stores every end of a call in the snapshot, and never asks a settled call again."""

    def __init__(
        self,
        clients: Clients,
        snapshot: Snapshot,
        table: Mapping[str, Operation],
        redact: Redact,
        settings: LiveSettings,
    ) -> None:
        self.in_flight = settings.in_flight
        self.clients, self.settings = clients, settings
        self._snapshot, self._table, self._redact = snapshot, table, redact
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._settled = {call.id for call in snapshot.calls() if is_settled(call)}
        self._flights: dict[str, threading.Lock] = {}
        self._budgets: dict[tuple[str, str, str], Budget] = {}
        self._expired: dict[str, Trouble] = {}
        self._absent: set[tuple[str, str, str]] = set()
        self.rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._ends_at = time.monotonic() + settings.deadline_s if settings.deadline_s else 0.0

    def stop(self) -> None:
        """Let every waiting call end at once."""
        self._stop.set()

    def ask(self, request: Request) -> Answer | Gap:
        """Answer from the snapshot when it is settled there, else ask and store.

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
        return interpret(request, ended, document)

    def _stored(self, request: Request, call_id: str) -> Answer | Gap:
        call = self._snapshot.find(call_id)
        if call is None:
            raise MlsecError("the snapshot changed while it was written")
        document = self._snapshot.payload(call.payload) if call.payload else {}
        return interpret(request, call, document)

    def _make(self, request: Request, call: Call) -> tuple[Call, Any]:
        began = time.monotonic()
        started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        attempt = Attempt(self, request, call)
        trouble = attempt.run()
        document, body = None, None
        if attempt.pager is not None and attempt.pager.document is not None:
            document = self._redact(self._table[request.operation.label], attempt.pager.merged())
            body = canonical(document)
        ended = msgspec.structs.replace(
            _ended(call, request.operation, trouble, body, is_offered=attempt.is_offered),
            started_at=started_at.replace("+00:00", "Z"),
            took_ms=int((time.monotonic() - began) * 1000),
            attempts=attempt.count,
        )
        self._snapshot.record(ended, body)
        return ended, document if document is not None else {}

    # What an attempt needs of the run as a whole.

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a stop."""
        if self._stop.wait(seconds) if seconds > 0 else self._stop.is_set():
            raise StoppedError

    def budget(self, key: tuple[str, str, str]) -> Budget:
        """Give the shared budget of an account, region and service."""
        with self._guard:
            if key not in self._budgets:
                self._budgets[key] = Budget(self.settings.start_per_s)
            return self._budgets[key]

    def hopeless(self, call: Call) -> Trouble | None:
        """Say why there is no use in asking at all: expired credentials, or no time left."""
        expired = self._expired.get(call.scope)
        if expired is not None:
            return expired
        if self._ends_at and time.monotonic() > self._ends_at:
            return Trouble(reason=GapReason.TIMEOUT, code="Deadline", detail="no time was left")
        return None

    def note(self, call: Call, trouble: Trouble) -> None:
        """Remember trouble that concerns later calls too."""
        if trouble.is_expired:
            self._expired[call.scope] = trouble

    def note_absent(self, call: Call) -> None:
        """Remember that this service has no host in this region."""
        self._absent.add((call.scope, call.region, call.service))

    def is_absent(self, call: Call) -> bool:
        """Whether this service was found to have no host in the region."""
        return (call.scope, call.region, call.service) in self._absent


def is_settled(call: Call) -> bool:
    """Whether a stored call need not be asked again on resume: all but what may pass with time."""
    return call.reason not in _PASSING and not call.detail.startswith(PASSING_DETAILS)


def _ended(
    call: Call,
    operation: Operation,
    trouble: Trouble | None,
    body: bytes | None,
    *,
    is_offered: bool,
) -> Call:
    digest = digest_of(body) if body is not None else ""
    if not is_offered:
        return msgspec.structs.replace(call, status=CallStatus.NOT_OFFERED)
    if trouble is None:
        return msgspec.structs.replace(call, status=CallStatus.DONE, payload=digest)
    status = CallStatus.DONE if body is not None else CallStatus.GAP
    if trouble.code in operation.not_set:
        return msgspec.structs.replace(call, status=CallStatus.NOT_SET, error_code=trouble.code)
    if trouble.code in operation.gone:
        return msgspec.structs.replace(call, status=CallStatus.GONE, error_code=trouble.code)
    is_refused = trouble.reason is GapReason.DENIED and not trouble.is_expired
    return msgspec.structs.replace(
        call,
        status=status,
        reason=trouble.reason.value,
        error_code=trouble.code,
        right=operation.right if is_refused else "",
        detail=trouble.detail,
        payload=digest,
    )
