"""One call with its pages and retries: what was answered, and what ended it early."""

from __future__ import annotations

import random
import time
from typing import Any, Protocol

import msgspec
from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.model import OperationNotFoundError

from mlsec.collect.client.rate_limit import Budget, backoff_s
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.call_failure import CallFailure, MalformedAnswerError
from mlsec.collect.walk.client import Request
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.classify import is_page_token_error, trouble_of
from mlsec.providers.aws.client.clients import Clients
from mlsec.providers.aws.client.pages import Pager
from mlsec.providers.aws.client.response_check import check_required, fills_empty, plain
from mlsec.snapshot.records import Call

_TRIES = {GapReason.MALFORMED: 3, GapReason.UNSUPPORTED: 4}


class Run(Protocol):
    """What an attempt needs of the collection as a whole."""

    clients: Clients
    settings: LiveSettings
    rng: random.Random

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a stop."""

    def budget(self, key: tuple[str, str, str]) -> Budget:
        """Give the shared budget of an account, region and service."""

    def hopeless(self, call: Call) -> CallFailure | None:
        """Say why there is no use in asking at all."""

    def note(self, call: Call, trouble: CallFailure) -> None:
        """Remember trouble that concerns later calls too."""

    def note_absent(self, call: Call) -> None:
        """Remember that this service has no host in this region."""

    def is_absent(self, call: Call) -> bool:
        """Whether this service was found to have no host in the region."""


class Attempt:
    """One call with its pages and retries."""

    def __init__(self, api: Run, request: Request, call: Call) -> None:
        self._client, self._request, self._call = api, request, call
        self._budget = api.budget((call.scope, call.region, call.service))
        self._ends_at = time.monotonic() + api.settings.call_deadline_s
        self.pager: Pager | None = None
        self.count = 0
        self.is_offered = True

    def run(self) -> CallFailure | None:
        """Give None when every page was read, else why not; pages read so far stay."""
        trouble = self._client.hopeless(self._call)
        if trouble is not None:
            return trouble
        if self._client.is_absent(self._call):
            return self._unreachable(CallFailure(reason=GapReason.TIMEOUT, detail="cannot connect"))
        try:
            client = self._client.clients.client(
                self._call.scope, self._call.region, self._call.service
            )
            model = client.meta.service_model.operation_model(self._call.operation)
            getattr(client, xform_name(self._call.operation))
        except (BotoCoreError, OperationNotFoundError, AttributeError) as error:
            # An SDK too old for the service or the operation: nothing was asked.
            return msgspec.structs.replace(trouble_of(error), reason=GapReason.UNSUPPORTED)
        config = self._client.clients.paginator(
            self._call.scope, self._call.service, self._call.operation
        )
        self.pager = Pager(config, model, self._request.operation.items)
        trouble = self._pages(model, self.pager)
        if trouble is not None and trouble.is_unreachable:
            return self._unreachable(trouble)
        return trouble

    def _pages(self, model: Any, pager: Pager) -> CallFailure | None:
        first = pager.first(self._request.params)
        params, has_restarted, pages = first, False, 0
        while True:
            page = self._one(model, params)
            if isinstance(page, CallFailure):
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
                return CallFailure(
                    reason=GapReason.MALFORMED, code="RepeatedToken", detail=str(error)
                )
            if more is None:
                return None
            if pages >= self._client.settings.max_pages:
                detail = f"stopped after {pages} pages"
                return CallFailure(reason=GapReason.OVER_LIMIT, code="TooManyPages", detail=detail)
            params = {**first, **more}

    def _one(self, model: Any, params: dict[str, Any]) -> dict[str, Any] | CallFailure:
        """Make one request until it is answered or there is no use in trying again."""
        tries = 0
        while True:
            hopeless = self._client.hopeless(self._call)
            if hopeless is not None:
                return hopeless
            self._client.wait(self._budget.reserve())
            tries += 1
            self.count += 1
            outcome = self._send(model, params)
            if not isinstance(outcome, CallFailure):
                return outcome
            self._client.note(self._call, outcome)
            most = min(self._client.settings.tries, _TRIES.get(outcome.reason, 99))
            pause = max(backoff_s(tries, self._client.rng), outcome.retry_after_s)
            if outcome.slows:
                self._budget.refuse(outcome.retry_after_s)
            is_late = time.monotonic() + pause > self._ends_at
            if not outcome.is_worth_a_retry or tries >= most or is_late:
                return outcome
            if outcome.is_unreachable and self._is_unlisted():
                return outcome
            self._client.wait(pause)

    def _send(self, model: Any, params: dict[str, Any]) -> dict[str, Any] | CallFailure:
        try:
            place = (self._call.scope, self._call.region, self._call.service)
            answer = self._client.clients.ask(place, model, params)
            answer.pop("ResponseMetadata", None)
            check_required(model.output_shape, answer)
            return plain(answer)  # type: ignore[no-any-return]
        except MlsecError:
            raise
        except MalformedAnswerError as error:
            return CallFailure(reason=GapReason.MALFORMED, code="Malformed", detail=str(error),
                           is_worth_a_retry=True)  # fmt: skip
        except Exception as error:  # noqa: BLE001 - recorded in the gap, see below
            # botocore's parsers, and urllib3 below them, raise anything on a hostile answer; one
            # call must not end the scan, and what was raised stands in the gap's detail.
            return trouble_of(error)

    def _is_unlisted(self) -> bool:
        regions = self._client.clients.regions_of(self._call.scope, self._call.service, "aws")
        return bool(regions) and self._call.region not in regions

    def _unreachable(self, trouble: CallFailure) -> CallFailure | None:
        """Neither a host nor an entry in the endpoint data: not offered here, nothing is hidden."""
        if self._is_unlisted():
            self._client.note_absent(self._call)
            self.is_offered = False
            return None
        return trouble
