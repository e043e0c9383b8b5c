"""A loopback HTTP/1.1 server in one thread, and the request and answer that cross it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec

from tests.estate.hostile_wire import RECIPES, Pieces


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request; ``headers`` by lower-case name, ``target`` as sent (path and query)."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer and how badly it is delivered.

    ``cut_at``: close the connection after this many bytes of body (-1: before the status line).
    ``recipe``: one of ``hostile_wire``, which sends something else made of the body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay_s: float = 0.0
    cut_at: int | None = None
    recipe: str = ""


Handler = Callable[[Request], Awaitable[Answer]]
_MOST_WAITING = 1 << 20
_HOP_HEADERS = frozenset({"content-length", "connection", "transfer-encoding", "server"})


class LoopbackServer:
    """Serves ``handler`` on 127.0.0.1 at a free port until ``stop``; over TLS with a context."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler, self._tls = handler, tls
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="estate-server", daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    def start(self) -> LoopbackServer:
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError("the loopback server did not start")
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: _Connection(self._handler), "127.0.0.1", 0, ssl=self._tls
            )
        )
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listener.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class _Connection(asyncio.Protocol):
    """Reads requests one after the other and writes each answer before it reads the next."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._buffer = bytearray()
        self._is_busy = False
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        if self._is_busy:
            return
        request = self._take_request()
        if request is not None:
            self._is_busy = True
            self._task = asyncio.ensure_future(self._serve(request))

    def _take_request(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        size = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + size:
            if headers.get("expect", "").lower() == "100-continue" and len(self._buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        return Request(method=method, target=target, headers=headers, body=body)

    async def _serve(self, request: Request) -> None:
        answer = await self._handler(request)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.recipe:
            scheme = "https" if self._transport.get_extra_info("sslcontext") else "http"
            url = f"{scheme}://{request.headers.get('host', '')}{request.target}"
            await self._pour(RECIPES[answer.recipe](answer.body, url))
            return
        if answer.cut_at is not None:
            self._transport.write(b"" if answer.cut_at < 0 else _head(answer, request)
                                  + answer.body[: answer.cut_at])  # fmt: skip
            self._transport.close()
            return
        body = b"" if request.method == "HEAD" else answer.body
        self._transport.write(_head(answer, request) + body)
        self._is_busy = False
        self._next()

    async def _pour(self, pieces: Pieces) -> None:
        for piece in pieces:
            if self._transport.is_closing():
                return
            if isinstance(piece, float):
                await asyncio.sleep(piece)
                continue
            self._transport.write(piece)
            await asyncio.sleep(0)
            while self._transport.get_write_buffer_size() > _MOST_WAITING:
                await asyncio.sleep(0.002)
        self._transport.close()


def _head(answer: Answer, request: Request) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{k}: {v}" for k, v in answer.headers if k.lower() not in _HOP_HEADERS]
    if answer.status != HTTPStatus.NO_CONTENT:
        lines.append(f"content-length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
