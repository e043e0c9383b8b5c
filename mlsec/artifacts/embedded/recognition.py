"""Recognises what can be loaded: programs, archives, compiled Python, pickles, also encoded."""

from __future__ import annotations

import base64
import binascii
import zlib

from mlsec.artifacts.archives.compressed import sniff_compressed
from mlsec.artifacts.archives.decoders import Zlib
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.code_blobs import find_code
from mlsec.artifacts.content.executable import kind_of
from mlsec.artifacts.pickle.files.loadable import is_loadable, may_be_loadable
from mlsec.core.regex import regex

HEAD_BYTES = 4096
# Shorter ones are words of a vocabulary, or numbers.
SHORTEST_BYTES = 8
# Compiled Python: a code object, with or without the mark of one that is referred to again.
CODE = (b"\xe3\0\0\0\0", b"c\0\0\0\0")
_BASE64 = regex(rb"[A-Za-z0-9+/_\s-]{16,}=*\Z")
_HEX = regex(rb"(?:[0-9A-Fa-f]{2}){8,}\Z")
_ZIP = b"PK\3\4"
_BASE85 = (b"fC", b"J-", b"ABzY8", b"P)h>@")
# The first bytes of what holds_loadable looks at closer; most fields are recognised by these.
_LOADABLE_MARKS = regex(
    rb"\x80[\0-\x05]|PK\x03\x04|\x7fELF|MZ|\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd"
    rb"|[\xe3c]\0\0\0\0|[(\])}N]{0,4}[ci][A-Za-z_]|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa|\0asm"
)


def may_begin(head: bytes) -> bool:
    """Whether the first 16 bytes leave a doubt; only then more need be read."""
    return bool(_LOADABLE_MARKS.match(head))


def holds_loadable(head: bytes, window: Window) -> bool:
    """Whether a program, an archive, compiled Python or a pickle begins here, perhaps packed."""
    if not may_begin(head):
        return False
    if head[:5] in CODE:
        result = find_code(head)
        return result is not None and result.offset == 0
    if kind_of(head, window) or head[:4] == _ZIP or is_loadable(window):
        return True
    return sniff_compressed(head, window) and _packs_loadable(head)


def _packs_loadable(head: bytes) -> bool:
    """Whether compressed data give something that can be loaded; other codecs are read anyhow."""
    bits = {b"\x1f": 31, b"x": 15}.get(head[:1])
    if bits is None:
        return True
    try:
        data = Zlib(bits).decompress(head, HEAD_BYTES)
    except zlib.error:
        return False
    return may_be_loadable(data) or data[:5] in CODE or data[:3] == b"\x1f\x8b\x08"


def decoded(text: bytes) -> bytes:
    """The bytes that a text stands for in base64 or hexadecimal digits, if they can be loaded."""
    for form, decode in ((_HEX, binascii.unhexlify), (_BASE64, _from_base64)):
        head = text[: HEAD_BYTES // 4 * 4].strip()
        if not form.match(head):
            continue
        try:
            start = decode(head[: len(head) // 4 * 4])
            if may_begin(start) and form.match(text.strip()):
                data = decode(text)
                return data if holds_loadable(data[:HEAD_BYTES], Window.of(data)) else b""
        except ValueError:
            continue
    return _from_base85(text.strip())


def _from_base85(text: bytes) -> bytes:
    """The bytes of a text that begins as pickles, gzip and zip do in one of the two base85."""
    decode = base64.a85decode if text[:2] == b"J-" else base64.b85decode
    if not text.startswith(_BASE85) or len(text) < 2 * SHORTEST_BYTES:
        return b""
    try:
        start = decode(text[:20])
        data = decode(text) if may_begin(start) else b""
    except ValueError:
        return b""
    return data if data and holds_loadable(data[:HEAD_BYTES], Window.of(data)) else b""


def _from_base64(text: bytes) -> bytes:
    plain = text.translate(bytes.maketrans(b"-_", b"+/"), b" \r\n\t").rstrip(b"=")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4))
