"""The JSON API of Cloud Storage on loopback, with the bytes in a folder: put, get, list, delete."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, quote, unquote, urlsplit

import google_crc32c

BUCKET = "shards"
_BLOCK = 1 << 20


class CloudStorage:
    """One bucket. ``refuse`` is a status that everything ends with, ``cut`` what is left out of one
    download though it was announced; ``largest`` is the largest request that came.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.refuse = self.cut = self.largest = 0
        self.uploads: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """Where an object lies."""
        return self._folder / quote(name, safe="")

    def names(self, prefix: str) -> list[str]:
        """The names that begin so, in order."""
        names = (unquote(path.name) for path in self._folder.iterdir())
        return sorted(name for name in names if name.startswith(prefix))


@contextmanager
def cloud_storage(folder: Path) -> Iterator[tuple[CloudStorage, str]]:
    """Serve until the end; give the bucket and the address."""
    held = CloudStorage(folder)
    handler = type("Handler", (_Handler,), {"held": held})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield held, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    held: CloudStorage

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def _answer(self, do: Callable[[str, dict[str, str]], None]) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if self.held.refuse or f"/b/{BUCKET}/" not in parts.path:
            self._take()
            self._say(
                self.held.refuse or 404, {"error": {"message": "no such bucket, or no right"}}
            )
            return
        do(unquote(parts.path.partition("/o/")[2]), query)

    def _get(self, name: str, query: dict[str, str]) -> None:
        if not name:
            items = [{"name": one} for one in self.held.names(query.get("prefix", ""))]
            self._say(200, {"kind": "storage#objects", "items": items})
        elif not self.held.path(name).exists():
            self._say(404, {"error": {"message": "no such object"}})
        else:
            size = self.held.path(name).stat().st_size
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.send_header("x-goog-hash", f"crc32c={_checksum(self.held.path(name))}")
            self.end_headers()
            with self.held.path(name).open("rb") as opened:
                left = size - self.held.cut
                while block := opened.read(min(_BLOCK, left)):
                    self.wfile.write(block)
                    left -= len(block)
            self.close_connection, self.held.cut = bool(self.held.cut), 0

    def _post(self, _: str, query: dict[str, str]) -> None:
        if query["uploadType"] == "resumable":
            asked = json.loads(self._take())
            number = str(len(self.held.uploads))
            self.held.uploads[number] = query.get("name") or asked["name"]
            self.held.path(self.held.uploads[number]).write_bytes(b"")
            here = (
                f"http://{self.headers['Host']}/upload/storage/v1/b/{BUCKET}/o?upload_id={number}"
            )
            self._say(200, {}, Location=here)
            return
        body = self._take()
        boundary = re.search(rb'boundary="?([^"]+)"?', self.headers["Content-Type"].encode())
        assert boundary
        _, head, content, _ = body.split(b"--" + boundary[1])
        name = json.loads(head.split(b"\r\n\r\n", 1)[1])["name"]
        self.held.path(name).write_bytes(content.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n"))
        self._kept(name)

    def _put(self, _: str, query: dict[str, str]) -> None:
        name = self.held.uploads[query["upload_id"]]
        with self.held.path(name).open("ab") as opened:
            self._take(opened)
            size = opened.tell()
        if self.headers["Content-Range"].endswith(f"/{size}"):
            self._kept(name)
        else:
            self._say(308, {}, Range=f"bytes=0-{size - 1}")

    def _kept(self, name: str) -> None:
        self._say(200, {"name": name, "crc32c": _checksum(self.held.path(name))})

    def _delete(self, name: str, _: dict[str, str]) -> None:
        is_there = self.held.path(name).exists()
        self.held.path(name).unlink(missing_ok=True)
        self._say(204 if is_there else 404, {})

    def _take(self, into: IO[bytes] | None = None) -> bytes:
        left = int(self.headers.get("Content-Length", 0))
        self.held.largest = max(self.held.largest, left)
        blocks = []
        while left:
            block = self.rfile.read(min(left, _BLOCK))
            left -= len(block)
            if into is None:
                blocks.append(block)
            else:
                into.write(block)
        return b"".join(blocks)

    def _say(self, status: int, document: object, **headers: str) -> None:
        body = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        for key, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(key, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _checksum(path: Path) -> str:
    digest = google_crc32c.Checksum()
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return base64.b64encode(digest.digest()).decode()
