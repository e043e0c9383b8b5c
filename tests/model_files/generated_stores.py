"""Stores of any number of objects on loopback: names and content follow from the number.

``python -m tests.model_files.generated_stores KIND OBJECTS`` serves one until it is killed.
"""

from __future__ import annotations

import json
import re
import struct
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import overload

from tests.model_files.fake_stores import Answer, serve

_HEADER = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
MODEL = struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(4)
ROW = b"1,2\n"
_ETAG = '"00000001"'
_PAGE = {"s3": 1000, "gs": 1000, "az": 5000}
Ask = Callable[[str, dict[str, list[str]], dict[str, str]], Answer]


class Names(Sequence[str]):
    """The sorted names of a bucket: ``p042/part-00000007.csv``, every so many of them a model."""

    def __init__(self, count: int, *, prefixes: int = 100, every: int = 10_000) -> None:
        self._count, self._prefixes, self._every = count, prefixes, every

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._count))]
        if not 0 <= number < self._count:
            raise IndexError(number)
        folder = number * self._prefixes // self._count
        ending = "csv" if number % self._every else "safetensors"
        return f"p{folder:03d}/part-{number:09d}.{ending}"

    def span(self, prefix: str) -> tuple[int, int]:
        """Give where the names that begin so begin and end."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else ""
        return bisect_left(self, prefix), bisect_left(self, after) if after else len(self)


class Generated:
    """A store: how it answers, and what it was asked. ``broken`` answers in the place of a page.

    It is given the number of the page, from 1 on in the order of asking, and its token; None
    lets the page be.
    """

    def __init__(self, kind: str, names: Names, page: int = 0) -> None:
        self.kind, self.names = kind, names
        self.page = page or _PAGE[kind]
        self.pages = self.reads = 0
        self.broken: Callable[[int, str], Answer | str | None] = lambda number, token: None
        self._lock = threading.Lock()

    def __call__(self, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        """Answer one request; ``broken`` may also give the token of the page that follows."""
        is_list = "list-type" in query or query.get("comp") == ["list"]
        if not (is_list or path == "/storage/v1/b/models/o"):
            self.reads += 1
            return _content(path, headers)
        marks = (query.get(key) for key in ("continuation-token", "pageToken", "marker"))
        token = next((mark[0] for mark in marks if mark), "")
        with self._lock:
            self.pages += 1
            instead = self.broken(self.pages, token)
        if isinstance(instead, tuple):
            return instead
        prefix = query.get("prefix", [""])[0]
        first, end = self.names.span(prefix)
        start = max(first, int(token.partition("-")[0] or 0))
        last = min(start + self.page, end)
        more = instead if instead is not None else (str(last) if last < end else "")
        return _PAGES[self.kind](self.names[start:last], more, prefix)


def environment(kind: str, url: str) -> dict[str, str]:
    """Give the variables with which a client asks this server."""
    key = "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=a2V5"
    of_kind: Mapping[str, dict[str, str]] = {
        "s3": {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        "gs": {"STORAGE_EMULATOR_HOST": url, "GOOGLE_CLOUD_PROJECT": "p"},
        "az": {"AZURE_STORAGE_CONNECTION_STRING": f"{key};BlobEndpoint={url}/acct;"},
    }  # fmt: skip
    return of_kind[kind]


TARGETS = {"s3": "s3://models", "gs": "gs://models", "az": "az://acct/models"}


def _body(name: str) -> bytes:
    return MODEL if name.endswith(".safetensors") else ROW


def _content(path: str, headers: dict[str, str]) -> Answer:
    data = _body(path)
    asked = headers.get("x-ms-range") or headers.get("range", "")
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
    if found is None:
        return 404, {}, b""
    part = data[int(found[1]) : int(found[2]) + 1]
    place = f"bytes {found[1]}-{int(found[1]) + len(part) - 1}/{len(data)}"
    said = {"Content-Range": place, "ETag": _ETAG, "x-ms-blob-type": "BlockBlob"}
    return 206, said, part


def _s3(names: Sequence[str], more: str, _: str) -> Answer:
    rows = "".join(
        f"<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;00000001&quot;</ETag><Size>{len(_body(name))}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for name in names
    )
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    text = (
        f"<ListBucketResult><Name>models</Name><IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
        f"{token}{rows}</ListBucketResult>"
    )
    return 200, {"Content-Type": "application/xml"}, text.encode()


def _gs(names: Sequence[str], more: str, _: str) -> Answer:
    items = [
        {
            "name": name, "size": str(len(_body(name))), "generation": "1", "etag": "CAE=",
            "md5Hash": "ZZZZZZZZZZZZZZZZZZZZZQ==", "storageClass": "STANDARD",
        }
        for name in names
    ]  # fmt: skip
    page = {"kind": "storage#objects", "items": items} | ({"nextPageToken": more} if more else {})
    return 200, {"Content-Type": "application/json"}, json.dumps(page).encode()


def _az(names: Sequence[str], more: str, prefix: str) -> Answer:
    rows = "".join(
        f"<Blob><Name>{name}</Name><Properties><Etag>{_ETAG}</Etag>"
        f"<Content-Length>{len(_body(name))}</Content-Length><BlobType>BlockBlob</BlobType>"
        "<AccessTier>Hot</AccessTier></Properties></Blob>"
        for name in names
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="models">'
        # The SDK asks for the pages that follow with the prefix that it reads here.
        f"<Prefix>{prefix}</Prefix><Blobs>{rows}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>"
    )
    return 200, {"Content-Type": "application/xml"}, text.encode()


_PAGES: Mapping[str, Callable[[Sequence[str], str, str], Answer]] = {
    "s3": _s3,
    "gs": _gs,
    "az": _az,
}


def main(kind: str, count: int) -> None:
    """Serve, say where, and wait."""
    with serve(Generated(kind, Names(count))) as url:
        print(url, flush=True)  # noqa: T201 - read by who started this
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
