"""The fault injector that stands in front of every loopback server, and its log of calls."""

from __future__ import annotations

import enum
import fnmatch
import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from tests.estate.wire import Answer


class Kind(enum.Enum):
    """What goes wrong."""

    DENY = "deny"
    THROTTLE = "throttle"  # above rate_per_s; 0 = always
    SERVER_ERROR = "server_error"
    HANG_UP = "hang_up"  # the connection is closed without an answer
    CUT = "cut"  # the connection is closed half-way through the body
    GARBAGE = "garbage"  # 200 with a body that is not a document of the protocol
    EMPTY = "empty"  # 200 with no body at all
    EXPIRED_TOKEN = "expired_token"  # of a page
    SHUFFLE = "shuffle"  # every list at the top of a JSON answer comes the other way round
    DUPLICATE_PAGE = "duplicate_page"  # a page is answered again in place of the next one
    EXPIRED_CREDENTIALS = "expired_credentials"
    HOSTILE = "hostile"  # a recipe of hostile_wire in place of the answer
    SKEWED_CLOCK = "skewed_clock"  # the server's clock is skew_s ahead and signatures are checked


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong, for the calls it matches.

    ``operation`` is a glob over ``service:Operation``; ``first_call`` the call of the whole server
    (from 1) at which it begins; ``times`` how often it strikes (0: for good).
    """

    kind: Kind
    operation: str = "*"
    region: str = "*"
    first_call: int = 1
    times: int = 0
    rate_per_s: float = 0.0
    skew_s: float = 0.0
    recipe: str = ""


class Asked(Protocol):
    """A call as every provider's server knows it."""

    @property
    def label(self) -> str:
        """``service:Operation``."""

    @property
    def service(self) -> str: ...

    @property
    def region(self) -> str: ...


class Refusals(Protocol):
    """How one provider says no; a method gives None where its fault cannot strike this call."""

    def denied(self, call: Any) -> Answer: ...

    def throttled(self, call: Any) -> Answer: ...

    def failed(self, call: Any) -> Answer: ...

    def expired(self, call: Any) -> Answer: ...

    def page_token_expired(self, call: Any) -> Answer | None: ...

    def skewed(self, call: Any, skew_s: float) -> Answer | None: ...

    def has_page_token(self, call: Any) -> bool: ...


class Injector:
    """Decides what happens to each call; counts them. Thread-safe enough for one server loop."""

    def __init__(
        self, refusals: Refusals, faults: tuple[Fault, ...] = (), latency_s: float = 0.0
    ) -> None:
        self._refusals = refusals
        self.latency_s = latency_s
        self._lock = threading.Lock()
        self.calls: list[tuple[str, str]] = []  # (service:Operation, region), as they came
        self.struck: Counter[str] = Counter()
        self.set_faults(faults)

    def set_faults(self, faults: tuple[Fault, ...] = ()) -> None:
        """Replace the faults and begin counting anew."""
        with self._lock:
            self.faults = faults
            self.calls.clear()
            self.struck.clear()
            self._strikes: Counter[int] = Counter()
            self._buckets: dict[tuple[int, str, str], tuple[float, float]] = {}
            self._pages: dict[tuple[str, str], Answer] = {}

    def counts(self) -> Counter[str]:
        return Counter(label for label, _ in list(self.calls))

    def before(self, call: Asked) -> Answer | None:
        """Log the call; give the answer of a fault that needs no real one."""
        self.calls.append((call.label, call.region))
        for index, fault in enumerate(self.faults):
            if self._hits(index, fault, call):
                answer = self._refusal(index, fault, call)
                if answer is not None:
                    self._count(index, call)
                    return answer
        return None

    def after(self, call: Asked, answer: Answer) -> Answer:
        """Spoil and delay a real answer."""
        for index, fault in enumerate(self.faults):
            if not self._hits(index, fault, call):
                continue
            spoilt = self._spoil(fault, call, answer)
            if spoilt is not answer:
                self._count(index, call)
                answer = spoilt
        skew_s = sum(f.skew_s for f in self.faults if f.kind is Kind.SKEWED_CLOCK)
        date = (datetime.now(UTC) + timedelta(seconds=skew_s)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = (*(h for h in answer.headers if h[0].lower() != "date"), ("date", date))
        return msgspec.structs.replace(answer, headers=headers, delay_s=self.latency_s)

    def _hits(self, index: int, fault: Fault, call: Asked) -> bool:
        return (
            len(self.calls) >= fault.first_call
            and not (fault.times and self._strikes[index] >= fault.times)
            and fnmatch.fnmatchcase(call.label, fault.operation)
            and fnmatch.fnmatchcase(call.region, fault.region)
        )

    def _count(self, index: int, call: Asked) -> None:
        self._strikes[index] += 1
        self.struck[call.label] += 1

    def _refusal(self, index: int, fault: Fault, call: Asked) -> Answer | None:
        match fault.kind:
            case Kind.DENY:
                return self._refusals.denied(call)
            case Kind.THROTTLE:
                return (
                    None if self._may_pass(index, fault, call) else self._refusals.throttled(call)
                )
            case Kind.SERVER_ERROR:
                return self._refusals.failed(call)
            case Kind.HANG_UP:
                return Answer(status=200, cut_at=-1)
            case Kind.EXPIRED_CREDENTIALS:
                return self._refusals.expired(call)
            case Kind.EXPIRED_TOKEN:
                return self._refusals.page_token_expired(call)
            case Kind.SKEWED_CLOCK:
                return self._refusals.skewed(call, fault.skew_s)
            case _:
                return None

    def _may_pass(self, index: int, fault: Fault, call: Asked) -> bool:
        if not fault.rate_per_s:
            return False
        key, now = (index, call.service, call.region), time.monotonic()
        left, since = self._buckets.get(key, (fault.rate_per_s, now))
        left = min(fault.rate_per_s, left + (now - since) * fault.rate_per_s)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        return left >= 1

    def _spoil(self, fault: Fault, call: Asked, answer: Answer) -> Answer:
        match fault.kind:
            case Kind.CUT:
                return msgspec.structs.replace(answer, cut_at=len(answer.body) // 2)
            case Kind.GARBAGE:
                plain = tuple(h for h in answer.headers if "error" not in h[0].lower())
                body = b"\x00<<garbage{]" * 3
                return msgspec.structs.replace(answer, status=200, headers=plain, body=body)
            case Kind.SHUFFLE:
                return _turned(answer)
            case Kind.HOSTILE:
                return msgspec.structs.replace(answer, recipe=fault.recipe)
            case Kind.EMPTY:
                return msgspec.structs.replace(answer, body=b"")
            case Kind.DUPLICATE_PAGE:
                key = (call.label, call.region)
                if not self._refusals.has_page_token(call):
                    self._pages[key] = answer
                return self._pages.get(key, answer)
            case _:
                return answer


def _turned(answer: Answer) -> Answer:
    if answer.status != 200 or answer.body[:1] != b"{":
        return answer
    body = {k: v[::-1] if isinstance(v, list) else v for k, v in json.loads(answer.body).items()}
    return msgspec.structs.replace(answer, body=json.dumps(body).encode())
