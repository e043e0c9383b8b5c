"""A server of this machine that says exactly what a test wants, however wrong, and remembers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

import msgspec

Say = Callable[["Talk"], None]


class Talk:
    """One connection as a script sees it."""

    def __init__(self, connection: socket.socket, head: bytes, stop: threading.Event) -> None:
        self._connection, self._stop = connection, stop
        line = head.split(b"\r\n", 1)[0].decode("latin-1")
        self.head = head
        self.method, self.path = [*line.split(" "), "", ""][:2]

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def drip(self, data: bytes, every_s: float = 0.05) -> None:
        """Send byte by byte, for ever, until the other side has enough."""
        while not self._stop.wait(every_s):
            for at in range(len(data)):
                self._connection.sendall(data[at : at + 1])
                if self._stop.wait(every_s):
                    return

    def pour(self, data: bytes) -> None:
        """Send the same for ever, as fast as it is taken."""
        while not self._stop.is_set():
            self._connection.sendall(data)

    def hold(self) -> None:
        """Say nothing, and keep the connection."""
        self._stop.wait(30)

    def reset(self) -> None:
        """Break the connection without a farewell."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()


class Server:
    """Listens on loopback. ``heads`` are the requests that came, as bytes."""

    def __init__(
        self,
        say: Say,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        reads_first: bool = True,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=64)
        self._say, self._tls, self._reads_first = say, tls, reads_first
        self._stop = threading.Event()
        self.port = int(self._listener.getsockname()[1])
        self.heads: list[bytes] = []
        self.connections = 0
        self._threads: list[threading.Thread] = []

    @property
    def paths(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.heads if head.count(b" ") > 1]

    def __enter__(self) -> Server:
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        self._threads.append(accepting)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            serving = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            serving.start()
            self._threads.append(serving)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if self._tls is not None:
                connection = self._secured(self._tls, connection, stack)
            head = self._read(connection) if self._reads_first else b""
            if self._reads_first and not head:
                return
            self.heads.append(head)
            self._say(Talk(connection, head, self._stop))

    @staticmethod
    def _secured(
        tls: ssl.SSLContext, plain: socket.socket, stack: contextlib.ExitStack
    ) -> ssl.SSLSocket:
        connection = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        stack.callback(connection.close)
        try:
            connection.do_handshake()
        except ssl.SSLError:
            # Let the alert arrive: a close with unread bytes would throw it away.
            raw = socket.socket(fileno=connection.detach())
            stack.callback(raw.close)
            raw.settimeout(2)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
            raise
        return connection

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                return head
            head += data
        return head


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A well-made answer."""

    body: bytes = b""
    status: int = 200
    headers: tuple[str, ...] = ()

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}", *self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


def site(pages: Mapping[str, Page], other: Page | None = None) -> Say:
    """Answer by path; everything else is not there."""
    nothing = other or Page(status=404, body=b"nothing here")

    def say(talk: Talk) -> None:
        talk.send(pages.get(talk.path, nothing).encode())

    return say
