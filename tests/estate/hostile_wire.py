"""Answers that attack whoever reads them: a recipe gives the bytes to send, and pauses between."""

from __future__ import annotations

import copy
import functools
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Pieces = Iterator[bytes | float]
# Of the honest body, and of the address that was asked for.
Recipe = Callable[[bytes, str], Pieces]
MIB = 1 << 20
TEN_GB = 10 * (1 << 30)
_FILL = b'{"filling": "' + b"x" * (MIB - 13)
_DRIP_S = 2.0


def head(*headers: str, status: str = "200 OK") -> bytes:
    """Give the head of an answer."""
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Give an answer with its length."""
    return head(*headers, f"Content-Length: {len(body)}", status=status) + body


def _huge_body(_: bytes, __: str) -> Pieces:
    yield head(f"Content-Length: {TEN_GB}")
    yield from itertools.repeat(_FILL, TEN_GB // MIB)


def _endless_body(_: bytes, __: str) -> Pieces:
    yield head("Connection: close")
    yield from itertools.repeat(_FILL, TEN_GB // MIB)


def _endless_chunks(_: bytes, __: str) -> Pieces:
    yield head("Transfer-Encoding: chunked")
    yield from itertools.repeat(b"%x\r\n%b\r\n" % (MIB, _FILL), TEN_GB // MIB)


def _huge_chunk(_: bytes, __: str) -> Pieces:
    yield head("Transfer-Encoding: chunked") + b"%x\r\n" % TEN_GB
    yield from itertools.repeat(_FILL, TEN_GB // MIB)


def _lying_length(honest: bytes, _: str) -> Pieces:
    yield head(f"Content-Length: {32 * MIB}") + honest
    yield 600.0


def _dripping(data: bytes) -> Pieces:
    for byte in data:
        yield bytes([byte])
        yield _DRIP_S


def _drip_body(honest: bytes, _: str) -> Pieces:
    yield head(f"Content-Length: {len(honest)}")
    yield from _dripping(honest)


def _drip_head(honest: bytes, _: str) -> Pieces:
    yield from _dripping(whole(honest))


def _drip_chunks(honest: bytes, _: str) -> Pieces:
    yield head("Transfer-Encoding: chunked")
    for byte in honest:
        yield b"1\r\n%c\r\n" % byte
        yield _DRIP_S


def _endless_head(_: bytes, __: str) -> Pieces:
    yield b"HTTP/1.1 200 OK\r\n"
    yield from itertools.repeat(b"X-More: " + b"x" * 1000 + b"\r\n", TEN_GB // 1000)


def _long_header(_: bytes, __: str) -> Pieces:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    yield from itertools.repeat(b"x" * MIB, TEN_GB // MIB)


def _interim_answers(_: bytes, __: str) -> Pieces:
    yield from itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, TEN_GB // 25_000)


def _chunk_line(_: bytes, __: str) -> Pieces:
    yield head("Transfer-Encoding: chunked")
    yield from itertools.repeat(b"0" * MIB, TEN_GB // MIB)


def _trailers(honest: bytes, _: str) -> Pieces:
    yield head("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n" % (len(honest), honest)
    yield from itertools.repeat(b"X-Trailer: " + b"x" * 1000 + b"\r\n", TEN_GB // 1000)


def _gzip_bomb(_: bytes, __: str) -> Pieces:
    yield whole(_packed_gigabyte(31), "Content-Encoding: gzip")


def _deflate_bomb(_: bytes, __: str) -> Pieces:
    yield whole(_packed_gigabyte(15), "Content-Encoding: deflate")


def _bomb_in_a_bomb(_: bytes, __: str) -> Pieces:
    yield whole(gzip.compress(_packed_gigabyte(31)), "Content-Encoding: gzip, gzip")


def _brotli_bomb(_: bytes, __: str) -> Pieces:
    yield whole(_packed_by_brotli(), "Content-Encoding: br")


def _zstandard_bomb(_: bytes, __: str) -> Pieces:
    import zstandard  # noqa: PLC0415

    frame = zstandard.ZstdCompressor().compress(_FILL)
    yield whole(frame * 1024, "Content-Encoding: zstd")


@functools.cache
def _packed_gigabyte(wbits: int) -> bytes:
    """Pack a MiB once and say it 1,024 times: no block refers to the one before."""
    maker = zlib.compressobj(9, wbits=wbits)
    start = maker.compress(_FILL) + maker.flush(zlib.Z_FULL_FLUSH)
    return start + (maker.compress(_FILL) + maker.flush(zlib.Z_FULL_FLUSH)) * 1023


@functools.cache
def _packed_by_brotli() -> bytes:
    import brotli  # type: ignore[import-untyped]  # noqa: PLC0415 - only the tests have it

    maker = brotli.Compressor(quality=1)
    parts = [maker.process(_FILL) for _ in range(160)]
    return b"".join((*parts, maker.finish()))


def _beside(honest: bytes, text: bytes) -> bytes:
    """Put a member beside those of an honest document of JSON, or an element into one of XML."""
    honest = honest.strip()
    if honest.startswith(b"{"):
        comma = b"" if honest.strip(b"{} \n") == b"" else b","
        return honest[:-1] + comma + b'"extra":' + text + b"}"
    return text


def _in_json(text: bytes) -> Recipe:
    return lambda honest, _: iter([whole(_beside(honest, text))])


def _in_error(text: bytes, status: str) -> Recipe:
    return lambda _, __: iter([whole(text, status=status)])


def _many_items(honest: bytes, _: str) -> Pieces:
    """Answer a list that is 250,000 entries longer than it is."""
    yield whole(json.dumps(_grown(honest, 250_000)).encode())


_COUNT = itertools.count(1)


def _grown(honest: bytes, count: int) -> Any:
    """Put entries that nobody saw before into the list of an answer."""
    document = json.loads(honest)
    listed = next(value for value in document.values() if isinstance(value, list))
    numbers = itertools.islice(_COUNT, count)
    listed.extend({"name": f"n{n}", "id": f"i{n}", "metadata": {"name": f"n{n}"}} for n in numbers)
    return document


def _pages(token: str, count: int) -> Recipe:
    """Answer a page that leads to another, each time."""

    def page(honest: bytes, url: str) -> Pieces:
        document, mark = _grown(honest, count), token or f"t{next(_COUNT)}"
        document |= dict.fromkeys(("nextPageToken", "nextToken", "NextToken"), mark)
        document["nextLink"] = f"{url.partition('&mark=')[0]}&mark={mark}"
        document["metadata"] = {"continue": mark}
        yield whole(json.dumps(document).encode())

    return page


def _other_types(honest: bytes, _: str) -> Pieces:
    """Answer with another type wherever something stands."""
    document = json.loads(honest) if honest.strip().startswith(b"{") else {}
    turned = {
        key: {"value": 1} if isinstance(value, list) else [value]
        for key, value in copy.deepcopy(document).items()
    }
    yield whole(json.dumps(turned).encode())


def _other_entries(honest: bytes, _: str) -> Pieces:
    """Answer with lists of what no entry can be."""
    document = json.loads(honest) if honest.strip().startswith(b"{") else {}
    turned = {
        key: [1, None, "x", [], {}] if isinstance(value, list) else value
        for key, value in document.items()
    }
    yield whole(json.dumps(turned).encode())


def _endless_redirects(_: bytes, __: str) -> Pieces:
    yield head("Location: /again", "Content-Length: 0", status="302 Found")


def _entities(_: bytes, __: str) -> Pieces:
    rows = [b'<!ENTITY e0 "' + b"x" * 1000 + b'">']
    rows += [b'<!ENTITY e%d "%b">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 8)]
    yield whole(b"<?xml version='1.0'?><!DOCTYPE r [" + b"".join(rows) + b"]><r>&e7;</r>")


_DEEP = 200_000
RECIPES: Mapping[str, Recipe] = {
    "huge_body": _huge_body,
    "endless_body": _endless_body,
    "endless_chunks": _endless_chunks,
    "huge_chunk": _huge_chunk,
    "lying_length": _lying_length,
    "drip_body": _drip_body,
    "drip_head": _drip_head,
    "drip_chunks": _drip_chunks,
    "endless_head": _endless_head,
    "long_header": _long_header,
    "interim_answers": _interim_answers,
    "chunk_line": _chunk_line,
    "trailers": _trailers,
    "gzip_bomb": _gzip_bomb,
    "deflate_bomb": _deflate_bomb,
    "brotli_bomb": _brotli_bomb,
    "zstandard_bomb": _zstandard_bomb,
    "bomb_in_a_bomb": _bomb_in_a_bomb,
    "deep_lists": _in_json(b"[" * _DEEP + b"]" * _DEEP),
    "deep_objects": _in_json(b'{"a":' * _DEEP + b"1" + b"}" * _DEEP),
    "half_deep": _in_json(b'{"a":' * 300 + b"1" + b"}" * 300),
    "many_values": _in_json(b"[" + b"[]," * 6_000_000 + b"[]]"),
    "long_text": _in_json(b'"' + b"x" * 40 * MIB + b'"'),
    "huge_integer": _in_json(b"9" * 5_000_000),
    "huge_float": _in_json(b"[1e999999]"),
    "not_a_number": _in_json(b"[NaN, Infinity]"),
    "bad_utf_8": _in_json(b'{"a": "\xff\xfe"}'),
    "lone_surrogate": _in_json(b'"\\ud800"'),
    "many_items": _many_items,
    "ever_new_pages": _pages("", 20_000),
    "same_page_token": _pages("again", 1),
    "other_types": _other_types,
    "other_entries": _other_entries,
    "refusal_of_many_values": _in_error(b'{"error": [' + b"[]," * 6_000_000 + b"[]]}", "403 No"),
    "refusal_that_is_deep": _in_error(b"[" * _DEEP + b"]" * _DEEP, "400 Bad"),
    "endless_redirects": _endless_redirects,
    "entities": _entities,
    "deep_elements": _in_error(b"<a>" * _DEEP + b"</a>" * _DEEP, "200 OK"),
    "many_elements": _in_error(b"<a>" + b"<b/>" * 8_000_000 + b"</a>", "200 OK"),
}
