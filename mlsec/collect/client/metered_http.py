"""Connection pools of urllib3 that count every byte and second of an answer.

Timeouts of sockets are for one read each, so a server that sends a byte a second is never late; and
no library below the SDKs bounds headers, interim answers, chunk lines, trailers and bodies at once.
All of it is read through one file object, which is the place to count.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Generator
from typing import Any

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError

from mlsec.collect.client.meter import Meter, current_meter

_PIECE_BYTES = 1 << 16
# How soon a thread that waits for a byte notices that its answer was given up.
_GLANCE_S = 1.0


class _MeteredReader(io.RawIOBase):
    """The bytes of a socket, each counted; never waits past the end of its meter."""

    def __init__(self, connection: socket.socket, meter: Meter) -> None:
        self._connection, self._meter = connection, meter
        self._timeout_s = connection.gettimeout()
        # It keeps the socket open until the answer is closed, as http.client expects.
        self._handle = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        began = time.monotonic()
        while True:
            wait_s = min(_GLANCE_S, self._meter.left_s())
            if self._timeout_s is not None:
                wait_s = min(wait_s, max(0.001, began + self._timeout_s - time.monotonic()))
            self._connection.settimeout(wait_s)
            try:
                count = self._connection.recv_into(buffer)
            except TimeoutError:
                is_late = self._timeout_s is not None
                if is_late and time.monotonic() - began >= (self._timeout_s or 0.0):
                    raise
                continue
            self._meter.take_wire(count)
            return count

    def close(self) -> None:
        self._handle.close()
        super().close()


class _Tap:
    """What http.client wants of a socket: a file to read from."""

    def __init__(self, connection: socket.socket, meter: Meter) -> None:
        self._connection, self._meter = connection, meter

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_MeteredReader(self._connection, self._meter), _PIECE_BYTES)


class _MeteredHead(http.client.HTTPResponse):
    """An answer of http.client that reads through a meter."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        self.meter = current_meter()
        super().__init__(_Tap(sock, self.meter), *args, **more)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head, interim answers before it included."""
        with self.meter.head():
            super().begin()
        self.meter.expect(self.length or 0)


class MeteredBody(urllib3.HTTPResponse):
    """An answer of urllib3 whose body is inflated piece by piece, and counted."""

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,  # noqa: FBT001 - urllib3's
        cache_content: bool = False,  # noqa: FBT001, FBT002 - urllib3's
    ) -> bytes:
        """Read a piece, or all of the rest in pieces."""
        if amt is None or amt < 0:
            pieces = iter(lambda: self.read(_PIECE_BYTES, decode_content), b"")
            return b"".join(pieces)
        self._refuse_chain(decode_content)
        data = super().read(amt, decode_content, cache_content)
        self._meter.take_body(len(data))
        return data

    def read_chunked(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,  # noqa: FBT001 - urllib3's
    ) -> Generator[bytes, None, None]:
        """Read the pieces of a chunked body."""
        self._refuse_chain(decode_content)
        for piece in super().read_chunked(amt or _PIECE_BYTES, decode_content):
            self._meter.take_body(len(piece))
            yield piece

    @property
    def _meter(self) -> Meter:
        head = self._original_response
        return head.meter if isinstance(head, _MeteredHead) else current_meter()

    def _refuse_chain(self, decode_content: bool | None) -> None:  # noqa: FBT001 - urllib3's
        """Refuse what is packed several times: the layers between are not counted."""
        wanted = self.decode_content if decode_content is None else decode_content
        if wanted and "," in self.headers.get("content-encoding", ""):
            raise DecodeError("the answer is packed more than once", None)


class MeteredConnection:
    """Mixin for connections: no step of theirs outlasts the meter of the thread."""

    response_class = _MeteredHead

    def connect(self) -> None:
        """Connect, and shake hands, in the time that is left."""
        left_s = current_meter().left_s()
        own: Any = self
        own.timeout = left_s if own.timeout is None else min(left_s, own.timeout)
        super().connect()  # type: ignore[misc]

    def getresponse(self) -> MeteredBody:
        """Read the head of an answer."""
        response: Any = super().getresponse()  # type: ignore[misc]
        # urllib3 has no setting for the class of its answers.
        response.__class__ = MeteredBody
        return response  # type: ignore[no-any-return]


def metered(pool: Any) -> Any:
    """Make the metered kind of a class of connection pools."""
    connection = type("MeteredConnection", (MeteredConnection, pool.ConnectionCls), {})
    return type("MeteredPool", (pool,), {"ConnectionCls": connection})


# For a PoolManager's ``pool_classes_by_scheme``.
METERED_POOLS = {"http": metered(HTTPConnectionPool), "https": metered(HTTPSConnectionPool)}
