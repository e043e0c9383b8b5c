"""Objects in the estate's buckets: listed and given in ranges, as S3 does it on the wire."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.estate.identify import Call
from tests.estate.wire import Answer

_XML = (("content-type", "application/xml"),)


class Objects:
    """The content of buckets; ``objects`` maps ``bucket/key`` to base64."""

    def __init__(self, objects: Mapping[str, str]) -> None:
        self._content = {name: base64.b64decode(data) for name, data in objects.items()}

    def answer(self, call: Call) -> Answer | None:
        """Answer what is asked of objects; None for everything else."""
        parts = urlsplit(call.request.target)
        path = unquote(parts.path).strip("/")
        if call.label == "s3:ListObjectsV2":
            return self._list(path, parse_qs(parts.query).get("prefix", [""])[0])
        if call.label != "s3:GetObject":
            return None
        if path not in self._content:
            return Answer(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>", headers=_XML)
        return self._part(self._content[path], call.request.headers)

    def _list(self, bucket: str, prefix: str) -> Answer:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
            f"<ETag>{escape(_etag(data))}</ETag><StorageClass>STANDARD</StorageClass></Contents>"
            for name, data in sorted(self._content.items())
            for owner, _, key in [name.partition("/")]
            if owner == bucket and key.startswith(prefix)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        return Answer(status=200, body=body.encode(), headers=_XML)

    def _part(self, data: bytes, headers: Mapping[str, str]) -> Answer:
        if headers.get("if-match", _etag(data)) != _etag(data):
            return Answer(
                status=412, body=b"<Error><Code>PreconditionFailed</Code></Error>", headers=_XML
            )
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if not found:
            return Answer(status=200, body=data, headers=(("etag", _etag(data)),))
        start, end = int(found[1]), min(int(found[2]), len(data) - 1)
        place = ("content-range", f"bytes {start}-{end}/{len(data)}")
        return Answer(
            status=206, body=data[start : end + 1], headers=(place, ("etag", _etag(data)))
        )


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
