"""A server that answers each request with the bytes it was given, whatever they are."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def wire(*answers: bytes, is_kept: bool = True, tls: ssl.SSLContext | None = None) -> Iterator[Any]:
    """Answer each request with the next bytes; give (port, the requests, what connections did)"""
    server = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []
    events: list[str] = []
    left = list(answers)

    def serve() -> None:
        while left:
            try:
                bare, _ = server.accept()
            except OSError:
                return
            events.append("made")
            try:
                with tls.wrap_socket(bare, server_side=True) if tls else bare as connection:
                    while left and (request := receive(connection)):
                        asked.append(request)
                        connection.sendall(left.pop(0))
                        if not is_kept:
                            break
            except OSError:
                pass
            events.append("ended")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], asked, events
    finally:
        server.close()
        thread.join(5)


def receive(connection: socket.socket) -> bytes:
    """Read one request with its body; b"" when the client has gone."""
    data = connection.recv(1 << 16)
    length = re.search(rb"(?i)content-length: (\d+)", data)
    while data and length and len(data.partition(b"\r\n\r\n")[2]) < int(length[1]):
        data += connection.recv(1 << 16)
    return data
