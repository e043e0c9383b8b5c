"""The asker that asks AWS: one budget per service, own retries, everything stored as it comes."""

from __future__ import annotations

import datetime
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore import xform_name

from mlsec.collect.asker import Answer, Request, interpret
from mlsec.collect.aws.answers import check_required, fills_empty, plain
from mlsec.collect.aws.budget import Budget, backoff_s
from mlsec.collect.aws.classify import (
    EXPIRED_DETAIL,
    MalformedAnswerError,
    Trouble,
    is_page_token_error,
    trouble_of,
)
from mlsec.collect.aws.clients import Clients
from mlsec.collect.aws.pages import Pager
from mlsec.collect.plan import Operation
from mlsec.core.closed_sets import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

_TRIES = {GapReason.MALFORMED: 3, GapReason.UNSUPPORTED: 4}
_PASSING = (GapReason.THROTTLED.value, GapReason.TIMEOUT.value)
Redact = Callable[[Operation, Any], Any]


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How hard to try. ``deadline_s`` is for the whole collection, 0 for none."""

    in_flight: int = 64
    tries: int = 8
    call_deadline_s: float = 120.0
    deadline_s: float = 0.0
    max_pages: int = 5000
    start_per_s: float = 60.0


class StoppedError(Exception):
    """The user stopped the collection while a call was waiting."""


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
        self._clients, self._snapshot, self._table = clients, snapshot, table
        self._redact, self._settings = redact, settings
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._settled = {call.id for call in snapshot.calls() if is_settled(call)}
        self._flights: dict[str, threading.Lock] = {}
        self._budgets: dict[tuple[str, str, str], Budget] = {}
        self._expired: dict[str, Trouble] = {}
        self._absent: set[tuple[str, str, str]] = set()
        self._rng = random.Random()  # noqa: S311 - jitter, not a secret
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
        attempt = _Attempt(self, request, call)
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
                self._budgets[key] = Budget(self._settings.start_per_s)
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


class _Attempt:
    """One call with its pages and retries."""

    def __init__(self, asker: LiveAsker, request: Request, call: Call) -> None:
        self._asker, self._request, self._call = asker, request, call
        self._budget = asker.budget((call.scope, call.region, call.service))
        self._ends_at = time.monotonic() + asker._settings.call_deadline_s
        self.pager: Pager | None = None
        self.count = 0
        self.is_offered = True

    def run(self) -> Trouble | None:
        """Give None when every page was read, else why not; pages read so far stay."""
        trouble = self._asker.hopeless(self._call)
        if trouble is not None:
            return trouble
        if self._asker.is_absent(self._call):
            return self._unreachable(Trouble(reason=GapReason.TIMEOUT, detail="cannot connect"))
        try:
            client = self._asker._clients.client(
                self._call.scope, self._call.region, self._call.service
            )
            model = client.meta.service_model.operation_model(self._call.operation)
            method = getattr(client, xform_name(self._call.operation))
        except MlsecError:
            raise
        except Exception as error:  # noqa: BLE001 - an SDK too old for a service is a gap
            return msgspec.structs.replace(trouble_of(error), reason=GapReason.UNSUPPORTED)
        config = self._asker._clients.paginator(
            self._call.scope, self._call.service, self._call.operation
        )
        self.pager = Pager(config, model, self._request.operation.items)
        trouble = self._pages(method, model, self.pager)
        if trouble is not None and trouble.is_unreachable:
            return self._unreachable(trouble)
        return trouble

    def _pages(self, method: Any, model: Any, pager: Pager) -> Trouble | None:
        first = pager.first(self._request.params)
        params, has_restarted, pages = first, False, 0
        while True:
            page = self._one(method, model, params)
            if isinstance(page, Trouble):
                is_stale = pager.document is not None and is_page_token_error(page.code)
                if not is_stale or has_restarted:
                    return page
                pager.restart()
                params, has_restarted = first, True
                continue
            pages += 1
            try:
                more = pager.absorb(page, fills_empty=fills_empty(model.service_model))
            except MalformedAnswerError as error:
                return Trouble(reason=GapReason.MALFORMED, code="RepeatedToken", detail=str(error))
            if more is None:
                return None
            if pages >= self._asker._settings.max_pages:
                detail = f"stopped after {pages} pages"
                return Trouble(reason=GapReason.OVER_LIMIT, code="TooManyPages", detail=detail)
            params = {**first, **more}

    def _one(self, method: Any, model: Any, params: dict[str, Any]) -> dict[str, Any] | Trouble:
        """Make one request until it is answered or there is no use in trying again."""
        tries = 0
        while True:
            hopeless = self._asker.hopeless(self._call)
            if hopeless is not None:
                return hopeless
            self._asker.wait(self._budget.reserve())
            tries += 1
            self.count += 1
            outcome = self._send(method, model, params)
            if not isinstance(outcome, Trouble):
                return outcome
            self._asker.note(self._call, outcome)
            most = min(self._asker._settings.tries, _TRIES.get(outcome.reason, 99))
            pause = max(backoff_s(tries, self._asker._rng), outcome.retry_after_s)
            if outcome.slows:
                self._budget.refuse(outcome.retry_after_s)
            is_late = time.monotonic() + pause > self._ends_at
            if not outcome.is_worth_a_retry or tries >= most or is_late:
                return outcome
            if outcome.is_unreachable and self._is_unlisted():
                return outcome
            self._asker.wait(pause)

    def _send(self, method: Any, model: Any, params: dict[str, Any]) -> dict[str, Any] | Trouble:
        try:
            answer: dict[str, Any] = method(**params)
            answer.pop("ResponseMetadata", None)
            check_required(model.output_shape, answer)
            return plain(answer)  # type: ignore[no-any-return]
        except MlsecError:
            raise
        except MalformedAnswerError as error:
            return Trouble(reason=GapReason.MALFORMED, code="Malformed", detail=str(error),
                           is_worth_a_retry=True)  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises ends as a gap
            return trouble_of(error)

    def _is_unlisted(self) -> bool:
        regions = self._asker._clients.regions_of(self._call.scope, self._call.service, "aws")
        return bool(regions) and self._call.region not in regions

    def _unreachable(self, trouble: Trouble) -> Trouble | None:
        """Neither a host nor an entry in the endpoint data: not offered here, nothing is hidden."""
        if self._is_unlisted():
            self._asker.note_absent(self._call)
            self.is_offered = False
            return None
        return trouble


def is_settled(call: Call) -> bool:
    """Whether a stored call need not be asked again on resume: all but what may pass with time."""
    is_expired = call.detail == EXPIRED_DETAIL
    return not (call.reason in _PASSING or is_expired)


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
    return msgspec.structs.replace(
        call,
        status=status,
        reason=trouble.reason.value,
        error_code=trouble.code,
        right=operation.right if trouble.reason is GapReason.DENIED else "",
        detail=trouble.detail,
        payload=digest,
    )
