"""PDF documents, Java archives and old arrays of joblib, as they lie beside models."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE_2


def pdf(*objects: bytes, tail: bytes = b"") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n" + tail


def packed(data: bytes) -> bytes:
    stream = zlib.compress(data)
    head = b"<< /Filter /FlateDecode /Length %d >>" % len(stream)
    return head + b"\nstream\n" + stream + b"\nendstream"


def java_class(number: int = 0) -> bytes:
    return bytes.fromhex("cafebabe") + struct.pack(">HH", 0, 52) + bytes([number]) * 40


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "pdf/pickle-behind": lambda: pdf(b"<< /Type /Catalog >>", tail=EVIL_PICKLE_2),
    "pdf/pickle-inside": lambda: pdf(b"<< >>\nstream\n" + EVIL_PICKLE_2 + b"\nendstream"),
    "pdf/no-end": lambda: pdf()[:-7],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "pdf/plain": lambda: pdf(b"<< /Type /Catalog >>", packed(b"BT (hello) Tj ET")),
    "pdf/updated": lambda: pdf(b"<< /Type /Catalog >>") + pdf()[9:],
}
