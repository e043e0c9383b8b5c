"""One request and its answer over HTTP/1.1, with every byte and second of it bounded.

h11 reads the protocol and never touches a connection, so that the bounds of bytes and of time are
ours. Its strictness is wanted: a header that breaks the rules is a gap, not half of an answer.
"""

from __future__ import annotations

import re
import socket
import ssl
from typing import Any

import h11
import msgspec

from mlsec import __version__
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.servers.probe.clock import Deadline, StepError, late
from mlsec.servers.probe.limits import Limits

# What may be asked at all: methods that change nothing by their definition (RFC 9110, 9.2.1).
METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CLIENT_CERTIFICATE = "client_certificate"
_READ = 16 * 1024
_TOO_LONG = 431
_PRINTABLE = re.compile(r"[!-~]{1,2000}\Z")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. ``origin`` is sent where it is tried who may read answers in a browser."""

    method: str
    authority: str
    path: str
    origin: str = ""
    preflight: str = ""

    def __post_init__(self) -> None:
        """Nothing but reads ever becomes a request.

        Raises:
            ValueError: another method, or a path that could hold a second request.
        """
        if self.method not in METHODS:
            raise ValueError(f"{self.method} is not a method of reading")
        if not _PRINTABLE.match(self.path) or not self.path.startswith("/"):
            raise ValueError("the path has characters that no path has")

    def headers(self) -> list[tuple[str, str]]:
        """Give the headers; nothing of the user's goes into them but the address."""
        always = [
            ("Host", self.authority),
            ("User-Agent", f"mlsec/{__version__} (read-only security scan)"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        tried = {"Origin": self.origin, "Access-Control-Request-Method": self.preflight}
        return always + [(name, text) for name, text in tried.items() if text]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. ``cut`` says why the body is not whole, None when it is."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    cut: CallFailure | None = None

    def header(self, name: str) -> str:
        """Give a header's first value, "" when there is none."""
        return next((text for key, text in self.headers if key == name), "")


def exchange(connection: socket.socket, request: Request, limits: Limits, by: Deadline) -> Response:
    """Send a request and read the answer.

    Raises:
        StepError: no answer of HTTP/1.x came in time and within the bounds.
    """
    stream = _Stream(connection, limits, by)
    stream.send(request)
    head = stream.read_head()
    headers = tuple((n.decode("ascii"), v.decode("utf-8", "replace")) for n, v in head.headers)
    answer = Response(status=head.status_code, headers=headers)
    try:
        stream.read_body()
    except StepError as error:
        cut: CallFailure | None = error.trouble
    else:
        cut = _packed(answer.header("content-encoding").strip().lower())
    return msgspec.structs.replace(answer, body=bytes(stream.body[: limits.body_bytes]), cut=cut)


class _Stream:
    """Events of one exchange; ``body`` keeps what was read of a body that breaks."""

    def __init__(self, connection: socket.socket, limits: Limits, by: Deadline) -> None:
        self._connection, self._limits, self._by = connection, limits, by
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head_bytes)
        self._step = "headers"
        self._room = limits.head_bytes
        self._start = b""
        self._is_over = False
        self.body = bytearray()

    def send(self, request: Request) -> None:
        """Send a request, which has no body."""
        head = h11.Request(method=request.method, target=request.path, headers=request.headers())
        data = (self._http.send(head) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        try:
            self._connection.settimeout(self._by.left_s("request"))
            self._connection.sendall(data)
        except TimeoutError:
            raise StepError(late("request", self._by.seconds)) from None
        except (ssl.SSLError, OSError):
            # A server that hangs up early may have said why: reading shows it, or breaks in turn.
            return

    def read_head(self) -> h11.Response:
        """Read up to the end of the final answer's headers."""
        interim = 0
        while not isinstance(event := self._next(), h11.Response):
            interim += 1
            if interim > self._limits.interim_answers:
                raise StepError(_over(f"more than {self._limits.interim_answers} interim answers"))
        if not event.http_version.startswith(b"1."):
            raise StepError(_no_http(self._start))
        if len(event.headers) > self._limits.head_lines:
            raise StepError(_over(f"more than {self._limits.head_lines} header lines"))
        self._step, self._room = "body", self._limits.body_bytes * self._limits.raw_factor
        return event

    def read_body(self) -> None:
        """Read up to the end of the body."""
        while isinstance(event := self._next(), h11.Data):
            self.body += event.data
            if len(self.body) > self._limits.body_bytes:
                raise StepError(self._too_much())

    def _next(self) -> Any:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise StepError(self._unsound(error)) from None
            if event is not h11.NEED_DATA:
                return event
            self._receive()

    def _receive(self) -> None:
        if self._room <= 0:
            raise StepError(self._too_much())
        try:
            self._connection.settimeout(self._by.left_s(self._step))
            data = self._connection.recv(min(_READ, self._room))
        except TimeoutError:
            raise StepError(late(self._step, self._by.seconds)) from None
        except (ssl.SSLError, OSError) as error:
            raise StepError(_broken(error)) from None
        self._room -= len(data)
        self._is_over = not data
        self._start = (self._start + data)[:24] if len(self._start) < 24 else self._start
        if data and not b"HTTP/".startswith(self._start[:5]):
            raise StepError(_no_http(self._start))
        self._http.receive_data(data)

    def _unsound(self, error: h11.RemoteProtocolError) -> CallFailure:
        if self._is_over:
            where = "inside the body" if self._step == "body" else "before an answer"
            return _malformed(f"the connection ended {where}")
        if str(error).startswith("illegal status line"):
            return _no_http(self._start)
        if error.error_status_hint == _TOO_LONG:
            return self._too_much()
        return _malformed(f"unsound {self._step}: {visible(str(error), 120)}")

    def _too_much(self) -> CallFailure:
        most = self._limits.body_bytes if self._step == "body" else self._limits.head_bytes
        return _over(f"more than {most} bytes of {self._step}")


def _packed(coding: str) -> CallFailure | None:
    if coding in ("", "identity"):
        return None
    # It was not asked for; unpacking it could cost any amount of memory.
    detail = f"packed as {visible(coding, 40)} although that was not asked for"
    return CallFailure(reason=GapReason.UNSUPPORTED, code="packed", detail=detail)


def _broken(error: Exception) -> CallFailure:
    word = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    if "CERTIFICATE_REQUIRED" in str(word).upper().replace(" ", "_"):
        return CallFailure(
            reason=GapReason.DENIED, code=CLIENT_CERTIFICATE, detail="it wants a certificate"
        )
    return _malformed(f"the connection broke: {visible(str(word), 120)}")


def _no_http(start: bytes) -> CallFailure:
    if start[:2] in (b"\x15\x03", b"\x16\x03"):
        return _malformed("it speaks TLS: name it as https://")
    return _malformed(f"no answer of HTTP/1.x: it begins {visible(repr(start[:24])[1:], 60)}")


def _malformed(detail: str) -> CallFailure:
    return CallFailure(reason=GapReason.MALFORMED, code="malformed", detail=detail)


def _over(detail: str) -> CallFailure:
    return CallFailure(reason=GapReason.OVER_LIMIT, code="over_limit", detail=detail)
