"""Recorded answers on disk: appended as they are given, all in memory when they are served."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from tests.estate.identify import Call
from tests.estate.wire import Answer


class _Record(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_KEPT_S = 7 * 24 * 3600
_DECODER = msgspec.msgpack.Decoder(_Record)


def cache_folder() -> Path:
    """Where recordings live: MLSEC_TEST_CACHE, else the user's cache folder; never the checkout."""
    given = os.environ.get("MLSEC_TEST_CACHE")
    base = Path(given) if given else Path(tempfile.gettempdir()) / f"mlsec-estate-{os.getuid()}"
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in base.glob("aws-*.rec"):
        if time.time() - old.stat().st_mtime > _KEPT_S:
            old.unlink(missing_ok=True)
    return base


class AnswerStore:
    """Remembers the answer to each distinct call; several processes may append to one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._answers: dict[bytes, Answer] = {}
        if file.exists():
            for record in _whole_records(file.read_bytes()):
                self._keep(record)

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, call: Call) -> Answer | None:
        return self._answers.get(call_key(call))

    def put(self, call: Call, answer: Answer) -> None:
        record = _Record(
            call_key(call), answer.status, answer.headers, zlib.compress(answer.body, 1)
        )
        self._keep(record)
        packed = msgspec.msgpack.encode(record)
        with self._file.open("ab") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            out.write(len(packed).to_bytes(4, "big") + packed)

    def _keep(self, record: _Record) -> None:
        body = zlib.decompress(record.body)
        self._answers[record.key] = Answer(status=record.status, headers=record.headers, body=body)


def _whole_records(raw: bytes) -> Iterator[_Record]:
    """Split length-prefixed records; one cut short by a kill is left off."""
    position = 0
    while position + 4 <= len(raw):
        size = int.from_bytes(raw[position : position + 4], "big")
        packed = raw[position + 4 : position + 4 + size]
        if len(packed) < size:
            return
        yield _DECODER.decode(packed)
        position += 4 + size


def call_key(call: Call) -> bytes:
    """Identify a call by what decides its answer; who signed it and when does not."""
    request = call.request
    parts = urlsplit(request.target)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    kind = request.headers.get("content-type", "")
    body = request.body
    if body[:1] == b"{":
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    elif "form" in kind:
        body = urlencode(sorted(parse_qsl(body.decode(), keep_blank_values=True))).encode()
    text = "\0".join((call.label, call.region, request.method, parts.path, query)).encode()
    return hashlib.sha256(text + b"\0" + body).digest()[:20]
