"""Who may see the pages: the host that is asked for, the method, the token, and its cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Collection

import msgspec

COOKIE = "mlsec_session"
_SESSION_S = 12 * 3600


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of every request. ``hosts`` are names without ports, in lower case.

    ``token`` is "" where none is needed. ``key`` seals the cookies: those of an earlier process
    are worth nothing.
    """

    hosts: frozenset[str]
    token: str = msgspec.field(default="")
    key: bytes = msgspec.field(default_factory=lambda: secrets.token_bytes(32))

    def is_known_host(self, header: str) -> bool:
        """Whether a Host header names this server: a page of others cannot rebind its own name."""
        return host_of(header) in self.hosts

    def is_token(self, given: str) -> bool:
        """Whether it is the token, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(_digest(given), _digest(self.token))

    def session(self, now: float | None = None) -> str:
        """Give the value of a new cookie: until when it holds, sealed."""
        until = int((time.time() if now is None else now) + _SESSION_S)
        return f"{until}.{self._seal(str(until))}"

    def is_session(self, cookie: str, now: float | None = None) -> bool:
        """Whether a cookie was given out by this process and still holds."""
        until, _, seal = cookie.partition(".")
        if not hmac.compare_digest(_digest(seal), _digest(self._seal(until))):
            return False
        return int(until) > (time.time() if now is None else now)

    def _seal(self, text: str) -> str:
        payload = text.encode("utf-8", "surrogatepass")
        return hmac.new(self.key + _digest(self.token), payload, hashlib.sha256).hexdigest()


def set_cookie(value: str, *, is_secure: bool) -> str:
    """Give the header that keeps a session: no script sees it, no other site sends it."""
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={_SESSION_S}; HttpOnly; SameSite=Strict{secure}"


def host_of(header: str) -> str:
    """Take the port off a Host header."""
    name = header.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].removesuffix(".")


def own_hosts(host: str, others: Collection[str]) -> frozenset[str]:
    """Name what this server may be called: loopback, the address it listens on, names given."""
    listening = f"[{host}]" if ":" in host else host
    named = {host_of(name) for name in (listening, *others)}
    return frozenset({"127.0.0.1", "localhost", "[::1]"} | named - {"0.0.0.0", "[::]", ""})  # noqa: S104 - no name


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
