"""One request and its answer over HTTP/1.1, with every byte and second of it bounded."""

from __future__ import annotations

import re
import socket
import ssl

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
_STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: .*)?\Z", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}\Z")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})\s*(?:;.*)?\Z", re.DOTALL)
_CHUNK_LINE = 1024
_READ = 16 * 1024
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

    def encode(self) -> bytes:
        """Give the bytes; nothing of the user's goes into them but the address."""
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {self.authority}",
            f"User-Agent: mlsec/{__version__} (read-only security scan)",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
        ]
        lines += [f"Origin: {self.origin}"] if self.origin else []
        lines += [f"Access-Control-Request-Method: {self.preflight}"] if self.preflight else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


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
    """Send a request and read what comes back.

    Raises:
        StepError: no answer of HTTP/1.x came in time and within the bounds.
    """
    stream = _Stream(connection, by)
    stream.send(request.encode())
    head_left = limits.head_bytes
    for _ in range(limits.interim_answers + 1):
        head = stream.head(head_left)
        head_left -= len(head)
        status, headers = _parse_head(head, limits)
        if status >= 200 or status == 101:
            break
    else:
        raise StepError(_over(f"more than {limits.interim_answers} interim answers"))
    answer = Response(status=status, headers=headers)
    if request.method == "HEAD" or status in (101, 204, 304):
        return answer
    try:
        return _with_body(stream, answer, limits)
    except StepError as error:
        return msgspec.structs.replace(answer, body=stream.body(limits), cut=error.trouble)


class _Stream:
    """Bytes from a connection, by a deadline; what was read of a body is kept if it breaks."""

    def __init__(self, connection: socket.socket, by: Deadline) -> None:
        self._connection, self._by = connection, by
        self._buffer = bytearray()
        self._body = bytearray()
        self._is_over = False

    def send(self, data: bytes) -> None:
        try:
            self._connection.settimeout(self._by.left_s("request"))
            self._connection.sendall(data)
        except TimeoutError:
            raise StepError(late("request", self._by.seconds)) from None
        except (ssl.SSLError, OSError):
            # Who hangs up early may have said why: the reading tells, or breaks in its turn.
            return

    def head(self, most: int) -> bytes:
        """Read up to the empty line."""
        while True:
            end = _end_of_head(self._buffer)
            if end is not None and end[1] <= most:
                head = bytes(self._buffer[: end[0]])
                del self._buffer[: end[1]]
                return head
            if len(self._buffer) >= most:
                raise StepError(_over(f"more than {most} bytes of headers"))
            start = bytes(self._buffer[:5])
            if start and not b"HTTP/".startswith(start[:5]):
                raise StepError(_no_http(start))
            if not self._more("headers"):
                raise StepError(_malformed("the connection ended before an answer"))

    def line(self, most: int) -> bytes:
        while True:
            end = self._buffer.find(b"\n", 0, most + 1)
            if end >= 0:
                line = bytes(self._buffer[:end]).rstrip(b"\r")
                del self._buffer[: end + 1]
                return line
            if len(self._buffer) > most:
                raise StepError(_malformed("a line of the body's frame does not end"))
            if not self._more("body"):
                raise StepError(_malformed("the connection ended inside the body"))

    def take(self, size: int, most: int) -> None:
        """Move ``size`` bytes to the body, -1 for all there are; one more than ``most`` at most."""
        left = most + 1 - len(self._body) if size < 0 else min(size, most + 1 - len(self._body))
        while left > 0:
            if not self._buffer and not self._more("body"):
                if size < 0:
                    return
                raise StepError(_malformed("the connection ended inside the body"))
            part = self._buffer[:left]
            self._body += part
            left -= len(part)
            del self._buffer[: len(part)]

    @property
    def size(self) -> int:
        return len(self._body)

    def body(self, limits: Limits) -> bytes:
        return bytes(self._body[: limits.body_bytes])

    def _more(self, what: str) -> bool:
        if self._is_over:
            return False
        try:
            self._connection.settimeout(self._by.left_s(what))
            data = self._connection.recv(_READ)
        except TimeoutError:
            raise StepError(late(what, self._by.seconds)) from None
        except (ssl.SSLError, OSError) as error:
            raise StepError(broken(error)) from None
        self._buffer += data
        self._is_over = not data
        return bool(data)


def broken(error: Exception) -> CallFailure:
    """Say how a connection broke."""
    word = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    if "CERTIFICATE_REQUIRED" in str(word).upper().replace(" ", "_"):
        return CallFailure(
            reason=GapReason.DENIED, code=CLIENT_CERTIFICATE, detail="it wants a certificate"
        )
    return _malformed(f"the connection broke: {visible(str(word), 120)}")


def _with_body(stream: _Stream, answer: Response, limits: Limits) -> Response:
    """Read the body as its frame says.

    Raises:
        StepError: it is not whole.
    """
    coding = answer.header("transfer-encoding").strip().lower()
    if coding == "chunked":
        _take_chunks(stream, limits)
    elif coding:
        raise StepError(_malformed(f"unknown transfer coding: {visible(coding, 40)}"))
    else:
        _take_counted(stream, answer, limits)
    whole = msgspec.structs.replace(answer, body=stream.body(limits))
    packed = answer.header("content-encoding").strip().lower()
    if packed not in ("", "identity"):
        # It was not asked for; unpacking it could cost any amount of memory.
        trouble = CallFailure(
            reason=GapReason.UNSUPPORTED,
            code="packed",
            detail=f"packed as {visible(packed, 40)} although that was not asked for",
        )
        return msgspec.structs.replace(answer, cut=trouble)
    return whole


def _take_counted(stream: _Stream, answer: Response, limits: Limits) -> None:
    counts = {text.strip() for name, text in answer.headers if name == "content-length"}
    if len(counts) > 1 or not all(re.fullmatch(r"[0-9]{1,18}", count) for count in counts):
        raise StepError(_malformed("its lengths contradict each other"))
    size = int(next(iter(counts))) if counts else -1
    stream.take(size, limits.body_bytes)
    if stream.size > limits.body_bytes or size > limits.body_bytes:
        raise StepError(_over(f"more than {limits.body_bytes} bytes of body"))


def _take_chunks(stream: _Stream, limits: Limits) -> None:
    spent = 0
    while True:
        line = stream.line(_CHUNK_LINE)
        spent += len(line) + 4
        match = _CHUNK.match(line)
        if match is None:
            raise StepError(_malformed("a chunk of the body has no size"))
        size = int(match[1], 16)
        if size == 0:
            return
        stream.take(size, limits.body_bytes)
        if stream.size > limits.body_bytes or spent > limits.body_bytes * limits.raw_factor:
            raise StepError(_over(f"more than {limits.body_bytes} bytes of body"))
        if stream.line(2):
            raise StepError(_malformed("a chunk of the body is longer than it says"))


def _end_of_head(buffer: bytearray) -> tuple[int, int] | None:
    """Give where the head ends and where what follows begins."""
    ends = [
        (at, at + len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := buffer.find(mark)) >= 0
    ]
    return min(ends) if ends else None


def _parse_head(head: bytes, limits: Limits) -> tuple[int, tuple[tuple[str, str], ...]]:
    first, *rest = head.replace(b"\r\n", b"\n").split(b"\n")
    match = _STATUS.match(first)
    if match is None:
        raise StepError(_no_http(first))
    if len(rest) > limits.head_lines:
        raise StepError(_over(f"more than {limits.head_lines} header lines"))
    headers: list[tuple[str, str]] = []
    for line in rest:
        name, colon, text = line.partition(b":")
        if colon and _NAME.match(name):
            headers.append((name.decode().lower(), text.strip().decode("utf-8", "replace")))
    return int(match[2]), tuple(headers)


def _no_http(start: bytes) -> CallFailure:
    if start[:2] in (b"\x15\x03", b"\x16\x03"):
        return _malformed("it speaks TLS: name it as https://")
    return _malformed(f"no answer of HTTP/1.x: it begins {visible(repr(start[:24])[1:], 60)}")


def _malformed(detail: str) -> CallFailure:
    return CallFailure(reason=GapReason.MALFORMED, code="malformed", detail=detail)


def _over(detail: str) -> CallFailure:
    return CallFailure(reason=GapReason.OVER_LIMIT, code="over_limit", detail=detail)
