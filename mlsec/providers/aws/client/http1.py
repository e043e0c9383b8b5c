"""HTTP/1.1 over kept connections, and no more of it than reading from AWS needs.

It raises what botocore raises, so that a failure means the same whichever way a call went.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import botocore.exceptions as failures
import msgspec
from botocore.httpsession import get_cert_path
from urllib3.util.wait import wait_for_read

_PIECE = 1 << 16
_MOST_HEAD_BYTES = 1 << 18
_BODILESS = (204, 304)
Host = tuple[str, str, int]


class Headers(dict[str, str]):
    """A reply's headers by lower-case name, found in whatever case the SDK asks for."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Give the value of a header, or the default."""
        return super().get(name.lower(), default)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer."""

    status: int
    headers: Headers
    body: bytes


class Connections:
    """Connections by host, given out one to a thread; those that stay open are used again."""

    def __init__(
        self, *, connect_timeout_s: float, read_timeout_s: float, verify: Any = None
    ) -> None:
        self._connect_timeout_s, self._read_timeout_s = connect_timeout_s, read_timeout_s
        # As botocore chooses: its own setting, the variable that other tools read, its own bundle.
        self._verify: Any = verify or os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._idle: dict[Host, deque[socket.socket]] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request and read the whole reply.

        Raises:
            HTTPClientError: one of botocore's, by what went wrong on the way.
        """
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        host = (parts.scheme, parts.hostname or "", parts.port or default)
        request = _request_bytes(method, parts, headers, body)
        connection = self._reuse(host) or self._open(host, url)
        try:
            connection.sendall(request)
            reply, is_kept = _read_reply(connection, url)
        except TimeoutError as error:
            connection.close()
            raise failures.ReadTimeoutError(endpoint_url=url, error=error) from None
        except ssl.SSLError as error:
            connection.close()
            raise failures.SSLError(endpoint_url=url, error=error) from None
        except OSError as error:
            connection.close()
            raise failures.ConnectionClosedError(endpoint_url=url, error=error) from None
        except BaseException:
            connection.close()
            raise
        if is_kept:
            self._idle.setdefault(host, deque()).append(connection)
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Close what is kept open."""
        for kept in self._idle.values():
            while kept:
                kept.pop().close()

    def _reuse(self, host: Host) -> socket.socket | None:
        kept = self._idle.get(host)
        while kept:
            try:
                connection = kept.pop()
            except IndexError:  # another thread was quicker
                return None
            # Nothing was asked, so what can be read is the end of the connection.
            if not wait_for_read(connection, timeout=0.0):
                return connection
            connection.close()
        return None

    def _open(self, host: Host, url: str) -> socket.socket:
        scheme, name, port = host
        try:
            bare = socket.create_connection((name, port), timeout=self._connect_timeout_s)
        except TimeoutError as error:
            raise failures.ConnectTimeoutError(endpoint_url=url, error=error) from None
        except OSError as error:
            raise failures.EndpointConnectionError(endpoint_url=url, error=error) from None
        connection = bare
        try:
            bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "https":
                connection = self._context().wrap_socket(bare, server_hostname=name)
            connection.settimeout(self._read_timeout_s)
        except TimeoutError as error:
            bare.close()
            raise failures.ConnectTimeoutError(endpoint_url=url, error=error) from None
        except OSError as error:
            bare.close()
            raise failures.SSLError(endpoint_url=url, error=error) from None
        return connection

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context(cafile=get_cert_path(self._verify))
            return self._tls


def _request_bytes(method: str, parts: Any, headers: Mapping[str, str], body: bytes) -> bytes:
    """Give the request as it goes out.

    Raises:
        ValueError: a line break in a value; it would end the header and begin another.
    """
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a line break in a request's header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _read_reply(connection: socket.socket, url: str) -> tuple[Reply, bool]:
    """Read one reply; say whether the connection may be used again."""
    data = b""
    while True:
        head, rest = _read_head(connection, data, url)
        status, is_modern, headers = _parse_head(head, url)
        if status >= 200:
            break
        data = rest
    body, is_delimited = _read_body(connection, rest, status, headers, url)
    is_kept = is_delimited and is_modern and headers.get("connection", "").lower() != "close"
    return Reply(status=status, headers=headers, body=body), is_kept


def _read_head(connection: socket.socket, data: bytes, url: str) -> tuple[bytes, bytes]:
    while (at := data.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(_PIECE)
        if not piece or len(data) > _MOST_HEAD_BYTES:
            raise _closed(url, "before the header was read")
        data += piece
    return data[:at], data[at + 4 :]


def _parse_head(head: bytes, url: str) -> tuple[int, bool, Headers]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not status.isdecimal():
        raise _closed(url, "with no HTTP header")
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return int(status), version != "HTTP/1.0", headers


def _read_body(
    connection: socket.socket, data: bytes, status: int, headers: Headers, url: str
) -> tuple[bytes, bool]:
    """Read the body; say whether its end was told, so that another reply may follow."""
    if status in _BODILESS:
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(connection, data, url), True
    length = headers.get("content-length", "")
    if length.isdecimal():
        body, rest = _read_exactly(connection, data, int(length), url)
        return body, not rest
    pieces = [data]
    while piece := connection.recv(_PIECE):
        pieces.append(piece)
    return b"".join(pieces), False


def _read_chunks(connection: socket.socket, data: bytes, url: str) -> bytes:
    pieces: list[bytes] = []
    while True:
        line, data = _read_line(connection, data, url)
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise _closed(url, "within a chunk's length") from None
        if size == 0:
            break
        piece, data = _read_exactly(connection, data, size + 2, url)
        pieces.append(piece[:-2])
    while line:  # trailers, up to the empty line
        line, data = _read_line(connection, data, url)
    return b"".join(pieces)


def _read_line(connection: socket.socket, data: bytes, url: str) -> tuple[bytes, bytes]:
    while (at := data.find(b"\r\n")) < 0:
        piece = connection.recv(_PIECE)
        if not piece or len(data) > _MOST_HEAD_BYTES:
            raise _closed(url, "within the body")
        data += piece
    return data[:at], data[at + 2 :]


def _read_exactly(
    connection: socket.socket, data: bytes, size: int, url: str
) -> tuple[bytes, bytes]:
    pieces, missing = [data], size - len(data)
    while missing > 0:
        piece = connection.recv(min(missing, 1 << 20))
        if not piece:
            raise _closed(url, "within the body")
        pieces.append(piece)
        missing -= len(piece)
    whole = b"".join(pieces)
    return whole[:size], whole[size:]


def _closed(url: str, where: str) -> failures.ConnectionClosedError:
    return failures.ConnectionClosedError(endpoint_url=url, error=f"ended {where}")
