"""Loopback stand-ins for object stores: they list, and give ranges of one version."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

Answer = tuple[int, dict[str, str], bytes]


class Blobs:
    """What a store holds. ``refuse`` maps a name to the HTTP status its content is refused with.

    ``kept_sha256`` are objects that were uploaded with a checksum, name -> how S3 calls its type;
    ``archived`` lie in an archive tier; ``when_read`` runs once before a name is first read.
    """

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = dict(content)
        self.generation = dict.fromkeys(content, 1)
        self.refuse: dict[str, int] = {}
        self.sent_bytes = 0
        self.sent: dict[str, int] = {}
        self.kept_sha256: dict[str, str] = {}
        self.archived: set[str] = set()
        self.when_read: dict[str, Callable[[], None]] = {}
        self.page = 2

    def replace(self, name: str, data: bytes) -> None:
        self.content[name] = data
        self.generation[name] = self.generation.get(name, 0) + 1

    def tier(self, name: str) -> str:
        return "Archive" if name in self.archived else "Hot"

    def etag(self, name: str) -> str:
        return f'"{self.generation[name]:08x}"'

    def span(self, name: str, header: str) -> Answer:
        self.when_read.pop(name, lambda: None)()
        data = self.content[name]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
        assert found, header
        part = data[int(found[1]) : int(found[2]) + 1]
        self.sent_bytes += len(part)
        self.sent[name] = self.sent.get(name, 0) + len(part)
        end = int(found[1]) + len(part) - 1
        place = f"bytes {found[1]}-{end}/{len(data)}"
        headers = {"Content-Range": place, "ETag": self.etag(name), "x-ms-blob-type": "BlockBlob"}
        return 206, headers, part


@contextmanager
def serve(answer: Callable[[str, dict[str, list[str]], dict[str, str]], Answer]) -> Iterator[str]:
    """Answer GET and HEAD requests on loopback; gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: a second one waits 40 ms for the first

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            lower = {key.lower(): value for key, value in self.headers.items()}
            status, headers, body = answer(unquote(parts.path), parse_qs(parts.query), lower)
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def gcs(blobs: Blobs) -> Callable[[str, dict[str, list[str]], dict[str, str]], Answer]:
    """Speak the part of the Cloud Storage JSON API that listing and ranged reading use."""

    def answer(path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if path == "/storage/v1/b/models/o":
            return 200, {"Content-Type": "application/json"}, _gcs_page(blobs, query)
        found = re.fullmatch(r"/download/storage/v1/b/models/o/(.+)", path, re.DOTALL)
        if not found:
            return 404, {}, b'{"error": {"message": "no such bucket"}}'
        name = found[1]
        if name in blobs.refuse:
            return blobs.refuse[name], {}, b"refused"
        if query.get("generation", [""])[0] != str(blobs.generation[name]):
            return 404, {}, b"no such generation"
        return blobs.span(name, headers["range"])

    return answer


def _gcs_page(blobs: Blobs, query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    names = [name for name in sorted(blobs.content) if name.startswith(prefix)]
    start = int(query.get("pageToken", ["0"])[0])
    items = [
        {
            "name": name,
            "size": str(len(blobs.content[name])),
            "generation": str(blobs.generation[name]),
            "etag": blobs.etag(name),
            "md5Hash": base64.b64encode(_md5(blobs.content[name])).decode(),
            "storageClass": "STANDARD",
        }
        for name in names[start : start + blobs.page]
    ]
    page: dict[str, object] = {"kind": "storage#objects", "items": items}
    if start + blobs.page < len(names):
        page["nextPageToken"] = str(start + blobs.page)
    return json.dumps(page).encode()


def azure(blobs: Blobs) -> Callable[[str, dict[str, list[str]], dict[str, str]], Answer]:
    """Speak the part of the blob service's API that listing and ranged reading use."""

    def answer(path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if query.get("comp") == ["list"]:
            if path != "/acct/models":
                return 404, {"x-ms-error-code": "ContainerNotFound"}, b""
            return 200, {"Content-Type": "application/xml"}, _azure_page(blobs, query)
        name = path.removeprefix("/acct/models/")
        if name in blobs.refuse:
            return blobs.refuse[name], {"x-ms-error-code": "AuthorizationFailure"}, b""
        if headers.get("if-match") != blobs.etag(name):
            return 412, {"x-ms-error-code": "ConditionNotMet"}, b""
        return blobs.span(name, headers.get("x-ms-range") or headers["range"])

    return answer


def _azure_page(blobs: Blobs, query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    names = [name for name in sorted(blobs.content) if name.startswith(prefix)]
    start = int(query.get("marker", ["0"])[0] or 0)
    rows = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Etag>{escape(blobs.etag(name))}</Etag>"
        f"<Content-Length>{len(blobs.content[name])}</Content-Length>"
        f"<Content-MD5>{base64.b64encode(_md5(blobs.content[name])).decode()}</Content-MD5>"
        f"<BlobType>BlockBlob</BlobType><AccessTier>{blobs.tier(name)}</AccessTier></Properties></Blob>"
        for name in names[start : start + blobs.page]
    )
    more = str(start + blobs.page) if start + blobs.page < len(names) else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="models">'
        f"<Prefix>{escape(prefix)}</Prefix><Blobs>{rows}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>"
    ).encode()


def s3(blobs: Blobs) -> Callable[[str, dict[str, list[str]], dict[str, str]], Answer]:
    """Speak the part of S3 that listing, ranged reading and asking for a checksum use."""

    def answer(path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if "list-type" in query:
            return 200, {"Content-Type": "application/xml"}, _s3_page(blobs, query)
        name = path.removeprefix("/models/")
        if name in blobs.refuse:
            return blobs.refuse[name], {}, b"<Error><Code>AccessDenied</Code></Error>"
        if headers.get("if-match") != blobs.etag(name):
            return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        if "range" in headers:
            return blobs.span(name, headers["range"])
        return 200, {"ETag": blobs.etag(name), **_s3_checksum(blobs, name)}, blobs.content[name]

    return answer


def _s3_checksum(blobs: Blobs, name: str) -> dict[str, str]:
    kind = blobs.kept_sha256.get(name)
    if kind is None:
        return {}
    checksum = base64.b64encode(hashlib.sha256(blobs.content[name]).digest()).decode()
    parts = "-2" if kind == "COMPOSITE" else ""
    return {"x-amz-checksum-sha256": checksum + parts, "x-amz-checksum-type": kind}


def _s3_page(blobs: Blobs, query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    names = [name for name in sorted(blobs.content) if name.startswith(prefix)]
    start = int(query.get("continuation-token", ["0"])[0])
    rows = "".join(
        f"<Contents><Key>{escape(name)}</Key><ETag>{escape(blobs.etag(name))}</ETag>"
        f"<Size>{len(blobs.content[name])}</Size>"
        f"<StorageClass>{'GLACIER' if name in blobs.archived else 'STANDARD'}</StorageClass>"
        + (
            "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
            f"<ChecksumType>{blobs.kept_sha256[name]}</ChecksumType>"
            if name in blobs.kept_sha256
            else ""
        )
        + "</Contents>"
        for name in names[start : start + blobs.page]
    )
    is_more = start + blobs.page < len(names)
    more = f"<NextContinuationToken>{start + blobs.page}</NextContinuationToken>" if is_more else ""
    return (
        f"<ListBucketResult><Name>models</Name><IsTruncated>{str(is_more).lower()}</IsTruncated>"
        f"{more}{rows}</ListBucketResult>"
    ).encode()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
