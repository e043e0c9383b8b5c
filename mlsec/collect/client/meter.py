"""What answers from the network may cost: bytes, values, depth and time, counted while they come.

Servers, tenants and proxies decide what an answer holds. Every transport reads through a meter
(``metered_http``), so an answer that costs too much is given up early and becomes a gap.
"""

from __future__ import annotations

import contextlib
import contextvars
import http.client
import math
import threading
import time
from collections.abc import Iterator
from typing import Self

import msgspec

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason

MIB = 1 << 20


class AnswerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what is read. ``listing_`` is of all pages of a list together, ``scan_`` of all
    answers of a scan, the others of one answer (``body_bytes`` after inflation).

    An answer may hold ``values``, and one more for every ``bytes_per_value`` of its body: honest
    documents have names and texts, and one of nothing but brackets takes 20 times its size in
    memory. The largest honest answers are lists of clusters that ignore the page size: 10,000 pods
    of 4 kB. ``depth`` leaves room for the schemas of custom resources, which nest about 60 levels
    deep, and is far below what the interpreter's own stack allows.
    """

    head_bytes: int = MIB // 2
    announced_bytes: int = 64 * MIB
    wire_bytes: int = 64 * MIB
    body_bytes: int = 64 * MIB
    values: int = 1_000_000
    bytes_per_value: int = 16
    depth: int = 100
    text_chars: int = 16 * MIB
    seconds: float = 120.0
    listing_bytes: int = 256 * MIB
    listing_values: int = 6_000_000
    listing_items: int = 100_000
    scan_bytes: int = 1024 * MIB
    scan_values: int = 16_000_000


class OverBudgetError(OSError):
    """An answer costs too much. An OSError, as every HTTP library ends a broken read with it."""

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Pool:
    """What all answers that are being read hold together; over it the largest is given up.

    So a few huge answers cost themselves and not the small ones beside them. One that is alone has
    its own limits only, and one that was given up is asked for again a moment later.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._held: dict[Meter, int] = {}

    def hold(self, meter: Meter, size_bytes: int) -> None:
        """Count what a meter's answer holds now."""
        with self._lock:
            self._held[meter] = size_bytes
            if len(self._held) == 1 or sum(self._held.values()) <= self._most:
                return
            largest = max(self._held, key=self._held.__getitem__)
            del self._held[largest]
        detail = f"all answers at once would take more than {_mib(self._most)}"
        largest.fail(CallFailure(reason=GapReason.OVER_LIMIT, code="Memory", detail=detail,
                                 is_worth_a_retry=True))  # fmt: skip

    def drop(self, meter: Meter) -> None:
        """Forget a meter: its answer was used or given up."""
        with self._lock:
            self._held.pop(meter, None)


# What a parsed value takes in memory, in documents of small objects.
_VALUE_BYTES = 100
_POOL = Pool(128 * MIB)
_CURRENT: contextvars.ContextVar[Meter | None] = contextvars.ContextVar("meter", default=None)


class Meter:
    """The cost of one request, all that is sent again for it included.

    As a context it is what ``current_meter`` gives to the transports of its thread. ``failure``
    says why the answer was given up, in whatever form the libraries in between reported it.
    """

    def __init__(self, limits: AnswerLimits, ends_at: float = math.inf) -> None:
        now = time.monotonic()
        self.limits = limits
        self.failure: CallFailure | None = None
        self._ends_at = min(ends_at, now + limits.seconds)
        self._is_last = ends_at <= now + limits.seconds
        self._wire, self._most_wire = 0, limits.wire_bytes
        self.body_bytes = self.values = 0

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)
        _POOL.drop(self)

    def fail(self, failure: CallFailure) -> None:
        """Give the answer up; the thread that reads it ends at its next byte."""
        self.failure = self.failure or failure

    def refuse(self, failure: CallFailure) -> OverBudgetError:
        """Give the answer up; give the error to raise."""
        self.fail(failure)
        return OverBudgetError(failure)

    def check(self) -> None:
        """Raise OverBudgetError if the answer was given up."""
        if self.failure is not None:
            raise OverBudgetError(self.failure)

    def left_s(self) -> float:
        """Give how many seconds are left; OverBudgetError when none are."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            self.fail(self._late())
        self.check()
        return left

    @contextlib.contextmanager
    def head(self) -> Iterator[None]:
        """Read the head of an answer, which is small: each of its lines costs time."""
        self._most_wire = self._wire + self.limits.head_bytes
        try:
            yield
        except http.client.HTTPException as error:
            # Subclasses say that the answer broke off, or is not HTTP.
            if type(error) in (http.client.HTTPException, http.client.LineTooLong):
                raise self.refuse(
                    _too_large(self.limits.head_bytes, "head of the answer")
                ) from None
            raise
        finally:
            self._most_wire = self.limits.wire_bytes

    def expect(self, size_bytes: int) -> None:
        """Refuse an announced size before a byte of it is read."""
        if size_bytes > self.limits.announced_bytes:
            self.fail(_too_large(self.limits.announced_bytes))
        self.check()

    def take_wire(self, size_bytes: int) -> None:
        """Count bytes that came over the network."""
        self._wire += size_bytes
        self._take(self._wire, self._most_wire)

    def take_body(self, size_bytes: int) -> None:
        """Count bytes of the body as it is used, after inflation."""
        self.body_bytes += size_bytes
        self._take(self.body_bytes, self.limits.body_bytes)

    def take_values(self, count: int) -> None:
        """Count the values that the body is about to be parsed into."""
        self.values += count
        most = self.limits.values + self.body_bytes // self.limits.bytes_per_value
        if self.values > most:
            detail = f"the answer holds more than {most} values"
            self.fail(over_limit("TooManyValues", detail))
        self._hold()
        self.check()

    def _take(self, size_bytes: int, most: int) -> None:
        if size_bytes > most:
            is_head = most < self.limits.wire_bytes and size_bytes == self._wire
            self.fail(_too_large(most, "head of the answer" if is_head else "answer"))
        self._hold()
        self.check()

    def _hold(self) -> None:
        """Say what the answer takes in memory: the body in two forms, and its values."""
        size_bytes = 2 * max(self._wire, self.body_bytes) + self.values * _VALUE_BYTES
        if size_bytes > MIB and self.failure is None:
            _POOL.hold(self, size_bytes)

    def _late(self) -> CallFailure:
        if self._is_last:
            return CallFailure(reason=GapReason.TIMEOUT, code="Deadline", detail="no time was left")
        detail = f"the answer was not whole within {self.limits.seconds:g} s"
        return CallFailure(reason=GapReason.TIMEOUT, code="SlowAnswer", detail=detail)


def current_meter() -> Meter:
    """Give the meter of this thread, or a new one for a request that nobody counts."""
    return _CURRENT.get() or Meter(AnswerLimits())


def over_limit(code: str, detail: str) -> CallFailure:
    """Build the failure of an answer that costs too much."""
    return CallFailure(reason=GapReason.OVER_LIMIT, code=code, detail=detail)


def _too_large(most: int, what: str = "answer") -> CallFailure:
    return over_limit("TooLarge", f"the {what} is larger than {_mib(most)}")


def _mib(size_bytes: int) -> str:
    return f"{size_bytes // MIB} MiB" if size_bytes >= MIB else f"{size_bytes >> 10} KiB"
