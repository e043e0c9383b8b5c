"""How fast one service of one account and region may be asked: a token bucket that adapts."""

from __future__ import annotations

import random
import threading
import time

_START_PER_S = 60.0
_MOST_PER_S = 2000.0
_LEAST_PER_S = 0.5
_GAIN = 0.05


class Budget:
    """AIMD: the rate doubles each clean second until the first refusal, is halved by a refusal and
    then grows by a twentieth of the start rate per clean second.

    Thread-safe. Times are of ``time.monotonic``.
    """

    def __init__(self, start_per_s: float = _START_PER_S) -> None:
        self._lock = threading.Lock()
        self._start = start_per_s
        self._rate = start_per_s
        self._tokens = start_per_s
        self._at = self._stepped_at = time.monotonic()
        self._paused_until = 0.0
        self._is_probing = True

    def reserve(self) -> float:
        """Take one token; give how many seconds to wait before using it."""
        with self._lock:
            now = time.monotonic()
            self._grow(now)
            self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            wait = max(0.0, -self._tokens / self._rate)
            return max(wait, self._paused_until - now)

    def refuse(self, retry_after_s: float) -> None:
        """Slow down after a throttled answer; refusals of one burst count once."""
        with self._lock:
            now = time.monotonic()
            if self._is_probing or now - self._stepped_at > 0.25:
                self._rate = max(_LEAST_PER_S, self._rate / 2)
                self._tokens = min(self._tokens, 0.0)
                self._stepped_at = now
            self._is_probing = False
            self._paused_until = max(self._paused_until, now + retry_after_s)

    def _grow(self, now: float) -> None:
        if now - self._stepped_at < 1.0:
            return
        self._stepped_at = now
        step = self._rate if self._is_probing else max(1.0, self._start * _GAIN)
        self._rate = min(_MOST_PER_S, self._rate + step)


def backoff_s(attempt: int, rng: random.Random) -> float:
    """Give a wait with full jitter before try ``attempt`` + 1 (attempt counts from 1)."""
    return rng.uniform(0.0, min(20.0, 0.1 * 2.0**attempt))
