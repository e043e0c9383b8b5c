"""A store that answers more than it was asked for.

Who attacks: whoever runs the store that a bucket's address names (an S3-compatible server, a
proxy), or owns the bucket. What they send: all of an object, or more, where a range was asked for;
lists that are bombs. What they gain today: the scan is killed or never ends.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mlsec.cli import exits
from tests.attacks.scan_child import run_measured
from tests.estate.hostile_wire import RECIPES

MOST_MIB = 500
SIZE = 4096
_KEY = base64.b64encode(b"k" * 32).decode()
_S3_LIST = (
    "<ListBucketResult><Name>b</Name><Prefix>m/</Prefix><KeyCount>1</KeyCount>"
    "<IsTruncated>false</IsTruncated><Contents><Key>m/model.pkl</Key>"
    f"<ETag>&quot;e1&quot;</ETag><Size>{SIZE}</Size></Contents></ListBucketResult>"
)
_GCS_LIST = {
    "items": [{"name": "m/model.pkl", "size": str(SIZE), "generation": "7", "bucket": "b"}]
}
_AZURE_LIST = (
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob>'
    "<Name>m/model.pkl</Name><Properties><Etag>0x1</Etag>"
    f"<Content-Length>{SIZE}</Content-Length><BlobType>BlockBlob</BlobType></Properties>"
    "</Blob></Blobs><NextMarker/></EnumerationResults>"
)
TARGETS = {"s3": "s3://b/m/", "gs": "gs://b/m/", "az": "az://account/b/m/"}


@contextlib.contextmanager
def _store(kind: str, *, listing: str = "", content: str = "") -> Iterator[dict[str, str]]:
    """Serve a bucket with one object; give the environment to read it in."""
    listed = {"s3": _S3_LIST, "gs": json.dumps(_GCS_LIST), "az": _AZURE_LIST}[kind].encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_object = urlsplit(self.path).path.endswith("model.pkl")
            recipe = content if is_object else listing
            if recipe:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    for piece in RECIPES[recipe](listed, self.path):
                        if isinstance(piece, float):
                            time.sleep(piece)
                        else:
                            self.wfile.write(piece)
                return
            body = b"\x80\x04K\x01." + bytes(SIZE - 5) if is_object else listed
            asked = self.headers.get("Range") or self.headers.get("x-ms-range")
            if is_object and asked:
                start, _, end = asked.removeprefix("bytes=").partition("-")
                part = body[int(start) : int(end) + 1]
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{SIZE}")
                body = part
            else:
                self.send_response(200)
            kind = "application/json" if body.startswith(b"{") else "application/xml"
            self.send_header("Content-Type", kind)
            self.send_header("ETag", '"e1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "STORAGE_EMULATOR_HOST": url,
            "GOOGLE_CLOUD_PROJECT": "p",
            "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=account;"
            f"AccountKey={_KEY};BlobEndpoint={url}/account;",
        }
    finally:
        server.shutdown()
        server.server_close()


def _gaps(folder: Path) -> list[dict[str, str]]:
    return list(json.loads((folder / "out" / "assessment.json").read_bytes())["gaps"])


@pytest.mark.parametrize("kind", ["s3", "gs"])
@pytest.mark.parametrize("content", ["endless_body"])
def test_store_that_ignores_ranges_costs_no_more_than_the_range(
    kind: str, content: str, tmp_path: Path
) -> None:
    with _store(kind, content=content) as environment:
        ended = run_measured(
            "scan", TARGETS[kind], "-o", tmp_path / "out", "-f", "json", "--no-cache",
            "--fail-on", "none", **environment,
        )  # fmt: skip
    assert ended.code == exits.INCOMPLETE, ended.errors
    assert ended.peak_mib <= MOST_MIB
    assert {gap["reason"] for gap in _gaps(tmp_path)} <= {"over_limit", "malformed"}
    assert _gaps(tmp_path)


@pytest.mark.parametrize("listing", ["gzip_bomb", "deep_lists", "many_values"])
def test_list_that_is_a_bomb_is_a_gap(listing: str, tmp_path: Path) -> None:
    with _store("gs", listing=listing) as environment:
        ended = run_measured(
            "scan", "gs://b/m/", "-o", tmp_path / "out", "-f", "json", "--no-cache",
            "--fail-on", "none", **environment,
        )  # fmt: skip
    assert ended.code in (exits.INCOMPLETE, exits.BAD_INPUT), ended.errors
    assert ended.peak_mib <= MOST_MIB


@pytest.mark.parametrize("kind", ["s3", "az"])
def test_entities_in_a_list_are_refused(kind: str, tmp_path: Path) -> None:
    with _store(kind, listing="entities") as environment:
        ended = run_measured(
            "scan", TARGETS[kind], "-o", tmp_path / "out", "-f", "json", "--no-cache",
            "--fail-on", "none", **environment,
        )  # fmt: skip
    assert ended.code == exits.INCOMPLETE, ended.errors
    assert ended.peak_mib <= MOST_MIB
    assert {gap["reason"] for gap in _gaps(tmp_path)} == {"malformed"}


@pytest.mark.parametrize("kind", TARGETS)
def test_store_that_keeps_to_ranges_is_read(kind: str, tmp_path: Path) -> None:
    with _store(kind) as environment:
        ended = run_measured(
            "scan", TARGETS[kind], "-o", tmp_path / "out", "-f", "json", "--no-cache",
            "--fail-on", "none", "--min-coverage", "0", **environment,
        )  # fmt: skip
    assert ended.code == 0, ended.errors
    assert "over_limit" not in {gap["reason"] for gap in _gaps(tmp_path)}
