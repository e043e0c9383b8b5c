"""The client of every cloud: one call with its pages, its retries and its share of a rate limit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mlsec.collect.client.attempt import attempt
from mlsec.collect.client.meter import AnswerLimits, Meter, over_limit
from mlsec.collect.client.rate_limit import backoff_s
from mlsec.collect.client.recording_client import Attempted, RecordingClient, Redact
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.collect.walk.client import Request
from mlsec.collect.walk.paths import dig
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.snapshot.records import Call, canonical
from mlsec.snapshot.store import Snapshot

_TRIES = {GapReason.MALFORMED: 3, GapReason.UNSUPPORTED: 4, GapReason.OVER_LIMIT: 3}
# A page that comes twice is asked past; a service that is stuck is left.
_MOST_REPEATS = 3


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. ``token`` leads to the next page, "" at the end; its text is the transport's.

    ``lists`` are the dotted paths of what the pages of this operation continue, where they are
    others than the operation's items. ``is_offered`` False: the provider says that there is no such
    service here; ``why`` in words. ``cut`` says that the answer is not the whole, whatever pages
    follow.
    """

    document: dict[str, Any] = msgspec.field(default_factory=dict)
    token: str = ""
    lists: tuple[str, ...] = ()
    is_offered: bool = True
    why: str = ""
    cut: CallFailure | None = None


class Transport(Protocol):
    """Sends one request; safe to call from many threads at once."""

    def send(
        self, call: Call, operation: Operation, params: Mapping[str, Any], token: str
    ) -> Page | CallFailure:
        """Ask for one page; never raises for what a provider says."""


class PagedClient(RecordingClient):
    """Asks a provider through a transport."""

    def __init__(
        self,
        transport: Transport,
        snapshot: Snapshot,
        table: Mapping[str, Operation],
        redact: Redact,
        settings: LiveSettings,
    ) -> None:
        super().__init__(snapshot, table, redact, settings)
        self._transport = transport

    def attempt(self, request: Request, call: Call) -> Attempted:
        """Make one call with its pages and retries; pages read before a trouble stay."""
        sender = _Sender(self, self._transport, request, call)
        trouble = self.hopeless(call) or sender.run()
        return Attempted(
            trouble=trouble,
            document=sender.merged(),
            count=sender.count,
            is_offered=sender.is_offered,
        )


class _Sender:
    """One call: its budget, its tries, the pages so far."""

    def __init__(
        self, run: RecordingClient, transport: Transport, request: Request, call: Call
    ) -> None:
        self._run, self._transport, self._request, self._call = run, transport, request, call
        self._budget = run.budget((call.scope, call.region, call.service))
        self._ends_at = time.monotonic() + run.settings.call_deadline_s
        self._limits = AnswerLimits(seconds=run.settings.call_deadline_s)
        self._pages: list[Page] = []
        self._size_bytes = self._values = self._items = 0
        self.count = 0
        self.is_offered = True

    def run(self) -> CallFailure | None:
        """Give None when every page was read, else why not."""
        token, has_restarted = "", False
        seen: dict[str, int] = {}
        cut: CallFailure | None = None
        while True:
            page = self._one(token)
            if isinstance(page, CallFailure):
                if not (page.is_stale_page and token) or has_restarted:
                    return page
                self._pages.clear()
                seen.clear()
                self._items = 0
                token, has_restarted, cut = "", True, None
                continue
            if not page.is_offered:
                self.is_offered = False
                return (
                    CallFailure(reason=GapReason.UNSUPPORTED, detail=page.why) if page.why else None
                )
            over = self._over(page)
            if over is not None:
                return over
            self._pages.append(page)
            cut = cut or page.cut
            if not page.token:
                return cut
            seen[page.token] = seen.get(page.token, 0) + 1
            if seen[page.token] > _MOST_REPEATS:
                detail = "the same page token was given again and again"
                return CallFailure(reason=GapReason.MALFORMED, code="RepeatedToken", detail=detail)
            token = page.token

    def merged(self) -> dict[str, Any] | None:
        """Give the one document of all pages, its lists without duplicates in canonical order.

        So neither the size of pages nor the order of answers shows in the evidence.
        """
        if not self._pages:
            return None
        first = self._pages[0]
        whole = dict(first.document)
        for path in self._paths(first):
            parts = [part for page in self._pages for part in _lists(page, path)]
            if parts:
                unique = {canonical(entry): entry for part in parts for entry in part}
                _put(whole, path, [unique[mark] for mark in sorted(unique)])
        return whole

    def _one(self, token: str) -> Page | CallFailure:
        """Make one request until it is answered or there is no use in trying again."""
        tries, run = 0, self._run
        while True:
            hopeless = run.hopeless(self._call)
            if hopeless is not None:
                return hopeless
            run.wait(self._budget.reserve())
            tries += 1
            self.count += 1
            outcome = self._send(token)
            if isinstance(outcome, Page):
                return outcome
            run.note(self._call, outcome)
            most = min(run.settings.tries, _TRIES.get(outcome.reason, 99))
            pause = max(backoff_s(tries, run.rng), outcome.retry_after_s)
            if outcome.slows:
                self._budget.refuse(outcome.retry_after_s)
            is_late = time.monotonic() + pause > self._ends_at
            if not outcome.is_worth_a_retry or tries >= most or is_late:
                return outcome
            run.wait(pause)

    def _send(self, token: str) -> Page | CallFailure:
        """Make one request within the limits of an answer and the time of the whole run."""
        request, meter = self._request, Meter(self._limits, self._run.ends_at)
        outcome = attempt(
            lambda: self._transport.send(self._call, request.operation, request.params, token),
            meter,
        )
        if isinstance(outcome, CallFailure):
            return outcome
        self._size_bytes += meter.body_bytes
        self._values += meter.values
        return self._run.keep(meter.body_bytes, meter.values) or outcome

    def _over(self, page: Page) -> CallFailure | None:
        """Say why a page is not kept and no other asked for: the listing becomes too large."""
        limits, pages = self._limits, len(self._pages)
        for path in self._paths(page):
            self._items += sum(map(len, _lists(page, path)))
        sizes = (
            (pages + 1, self._run.settings.max_pages, "pages", "TooManyPages"),
            (self._items, limits.listing_items, "items", "TooManyItems"),
            (self._values, limits.listing_values, "values", "TooManyValues"),
            (self._size_bytes, limits.listing_bytes, "bytes", "TooLarge"),
        )
        for size, most, what, code in sizes:
            if size > most:
                return over_limit(code, f"stopped after {pages} pages: more than {most} {what}")
        return None

    def _paths(self, page: Page) -> tuple[str, ...]:
        """Name the lists that pages continue."""
        items = self._request.operation.items
        return page.lists or ((items,) if items else ())


def _lists(page: Page, path: str) -> tuple[list[Any], ...]:
    listed = dig(page.document, path)
    return (listed,) if isinstance(listed, list) else ()


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted path; what lies above it is copied, so that no page is changed."""
    *above, last = path.split(".")
    for name in above:
        inner = document.get(name)
        document[name] = dict(inner) if isinstance(inner, dict) else {}
        document = document[name]
    document[last] = value
