"""Receivers of notifications on loopback: a webhook and a mail server that keep what they get."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """Keeps each document; ``answers`` are the status codes to give, then 204."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.location = ""
        self.hangs = False
        self.asked = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens; the path stands for a token."""
        return f"http://127.0.0.1:{self.port}/hook/hush-hush"


@contextlib.contextmanager
def webhook() -> Iterator[Webhook]:
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.asked += 1
            while kept.hangs:
                time.sleep(0.05)
            status = kept.answers.pop(0) if kept.answers else 204
            if status == 204:
                kept.got.append(json.loads(body))
                kept.headers.append(dict(self.headers))
            with contextlib.suppress(OSError):
                self.answer(status)

        def answer(self, status: int) -> None:
            self.send_response(status)
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()


class Mailbox:
    """Keeps each mail."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Its address for Apprise."""
        return f"mailto://127.0.0.1:{self.port}?from=mlsec@example.org&to=team@example.org"


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that speaks as much of SMTP as is needed to take a mail."""
    kept = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 sink")
            for line in self.rfile:
                word = line.split()[0].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    policy = email.policy.default
                    kept.got.append(email.message_from_bytes(b"".join(lines), policy=policy))  # type: ignore[arg-type]
                self.say("221 bye" if word == b"QUIT" else "250 ok")
                if word == b"QUIT":
                    return

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        kept.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()
