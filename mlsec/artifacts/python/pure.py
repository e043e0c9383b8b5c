"""Pure functions and methods of Python, which are evaluated on constants."""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import html
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any
from urllib.parse import unquote

MOST_LENGTH = 1 << 18
MOST_DIGITS = 1_000
MOST_HASHED_BITS = 60
# How many pairs of characters a search may compare.
MOST_COMPARED = 1 << 26
_CODECS = frozenset(
    """rot13 rot_13 hex hex_codec base64 base64_codec utf8 utf_8 ascii latin1 latin_1 iso8859_1
    unicode_escape raw_unicode_escape utf_16 utf_32 utf_7 cp437 cp1252 u8""".split()  # noqa: SIM905
)


class UnfoldableError(Exception):
    """What an expression becomes cannot be said, or would be too large."""


def weight_of(value: Any, most: int = MOST_LENGTH) -> int:
    """How many characters, bytes and parts a constant has, counted until ``most``.

    Raises:
        UnfoldableError: more than that, or of a kind that is not constant.
    """
    if isinstance(value, str | bytes | range):
        weight = len(value)
    elif isinstance(value, int):
        weight = value.bit_length() // 8
    elif isinstance(value, list | tuple | set | dict):
        weight = len(value)
        for part in value:
            weight += weight_of(part, most - weight)
            if isinstance(value, dict):
                weight += weight_of(value[part], most - weight)
    elif isinstance(value, float | type(None)):
        weight = 1
    else:
        raise UnfoldableError
    if weight > most:
        raise UnfoldableError
    return weight + 1


def _codec(name: Any) -> str:
    plain = str(name).lower().replace("-", "_")
    if plain not in _CODECS:
        raise UnfoldableError
    return plain


def _decode(data: Any, name: Any = "utf-8", *_: Any) -> Any:
    return codecs.decode(data, _codec(name))


def _encode(data: Any, name: Any = "utf-8", *_: Any) -> Any:
    return codecs.encode(data, _codec(name))


def _unpacked(data: Any, *_: Any) -> bytes:
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress(data, MOST_LENGTH)
    if data.startswith((b"\xfd7zXZ", b"]\0\0")):
        decoder = lzma.LZMADecompressor(memlimit=64 << 20)
        return decoder.decompress(data, MOST_LENGTH)
    return zlib.decompressobj(47).decompress(data, MOST_LENGTH)


def _number(value: Any = 0, base: Any = 10) -> int:
    return int(value, base) if isinstance(value, str | bytes) else int(value)


def _bytes(value: Any = b"", *_: Any) -> bytes:
    if isinstance(value, int):
        raise UnfoldableError
    return value.encode() if isinstance(value, str) else bytes(value)


def _text(value: Any = "", *names: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(_codec(names[0]) if names else "latin-1")
    return str(value)


def _packed(form: Any, *values: Any) -> bytes:
    if struct.calcsize(form) > MOST_LENGTH:
        raise UnfoldableError
    return struct.pack(form, *values)


def _literal(text: Any) -> Any:
    if len(text) > MOST_DIGITS:
        raise UnfoldableError
    return ast.literal_eval(text)


def _range(*ends: Any) -> range:
    return range(*ends)


def _glued(glue: Any, parts: Any) -> Any:
    texts = list(parts)
    if len(glue) * len(texts) + sum(map(len, texts)) > MOST_LENGTH:
        raise UnfoldableError
    return glue.join(texts)


def _path(*parts: Any) -> str:
    return str(_glued("/", parts))


def _zipped(*parts: Any) -> list[Any]:
    if len(parts) * min(map(len, parts), default=0) > MOST_LENGTH:
        raise UnfoldableError
    return list(zip(*parts, strict=False))


def _set(items: Any = ()) -> set[Any]:
    result = list(items)
    # Numbers larger than a hash can be chosen to share one, and then each is compared with all.
    if any(isinstance(item, int) and item.bit_length() > MOST_HASHED_BITS for item in result):
        raise UnfoldableError
    return set(result)


def _first(items: Any, *otherwise: Any) -> Any:
    for item in (*list(items)[:1], *otherwise):
        return item
    raise UnfoldableError


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "builtins.chr": chr, "builtins.ord": ord, "builtins.str": _text, "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes, "builtins.memoryview": _bytes, "builtins.int": _number,
    "builtins.list": list, "builtins.tuple": tuple, "builtins.len": len, "builtins.hex": hex,
    "builtins.reversed": lambda items: list(items)[::-1], "builtins.sorted": sorted,
    "builtins.range": _range, "builtins.zip": _zipped,
    "builtins.enumerate": lambda items, start=0: list(enumerate(items, start)),
    "builtins.iter": list, "builtins.next": _first,
    "builtins.repr": repr,
    "builtins.abs": abs, "builtins.sum": sum, "builtins.max": max, "builtins.min": min,
    "builtins.set": _set, "builtins.bin": bin, "builtins.oct": oct,
    "codecs.decode": _decode, "codecs.encode": _encode,
    "base64.b64decode": lambda data, *_: base64.b64decode(data),
    "base64.decodebytes": base64.decodebytes, "base64.standard_b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode, "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode, "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode, "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify, "binascii.a2b_base64": binascii.a2b_base64,
    "builtins.bytes.fromhex": bytes.fromhex, "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.int.from_bytes": lambda data, order="big": int.from_bytes(data, order),
    "builtins.int.to_bytes": lambda number, size, order="big": _to_bytes(number, size, order),
    "builtins.str.maketrans": str.maketrans, "builtins.bytes.maketrans": bytes.maketrans,
    "builtins.str.join": _glued,
    "builtins.str.lower": lambda text: text.lower(),
    "zlib.decompress": _unpacked, "gzip.decompress": _unpacked, "bz2.decompress": _unpacked,
    "lzma.decompress": _unpacked, "struct.pack": _packed, "ast.literal_eval": _literal,
    "json.loads": json.loads, "html.unescape": html.unescape, "urllib.parse.unquote": unquote,
    "textwrap.dedent": str, "operator.add": lambda left, right: left + right,
    "operator.concat": lambda left, right: left + right, "zlib.crc32": zlib.crc32,
    # Paths: the home directory of the user is written as a shell writes it.
    "pathlib.Path.home": lambda: "~", "pathlib.Path": lambda *parts: _path(*parts) or ".",
    "pathlib.PurePath": _path, "os.path.expanduser": str,
    "os.path.join": _path, "os.path.abspath": str,
    "os.path.normpath": str, "os.path.realpath": str, "os.path.expandvars": str,
    "os.fspath": str, "os.getpid": lambda: 1,
}  # fmt: skip
CONSTANTS: Mapping[str, Any] = {
    "string.ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "string.ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.ascii_letters": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.digits": "0123456789", "os.sep": "/", "os.path.sep": "/",
    "string.hexdigits": "0123456789abcdefABCDEF",
}  # fmt: skip


def _to_bytes(number: int, size: int = 1, order: Any = "big") -> bytes:
    if size > MOST_LENGTH:
        raise UnfoldableError
    return number.to_bytes(size, order)


def _replaced(text: Any, before: Any, after: Any, count: Any = -1) -> Any:
    if len(text) + text.count(before) * len(after) > MOST_LENGTH:
        raise UnfoldableError
    return text.replace(before, after, count)


def _formatted(text: str, *given: Any, **named: Any) -> str:
    # A width that is a long number fills memory; a field's own dots and brackets only read.
    is_wide = any(len(part) > 3 for part in _digits(text))
    # A width may be given as a field of its own.
    is_wide = is_wide or any("{" in (form or "") for _, _, form, _ in Formatter().parse(text))
    if is_wide or "__" in text or text.count("{") * weight_of([given, named]) > MOST_LENGTH:
        raise UnfoldableError
    return text.format(*given, **named)


def _translated(text: Any, table: Any, *_: Any) -> Any:
    if not isinstance(table, dict | str | bytes):
        raise UnfoldableError
    values = table.values() if isinstance(table, dict) else ()
    if any(isinstance(value, str) and len(value) > 8 for value in values):
        raise UnfoldableError
    return text.translate(table)


def _digits(text: str) -> list[str]:
    return "".join(item if item.isdecimal() else " " for item in text).split()


def _padded(name: str) -> Callable[..., Any]:
    def pad(text: Any, width: Any, *fill: Any) -> Any:
        if width > MOST_LENGTH:
            raise UnfoldableError
        return getattr(text, name)(width, *fill)

    return pad


# Methods that may be carried out as they are: none makes more than it was given.
_PLAIN = frozenset(
    """lower upper title capitalize swapcase casefold strip lstrip rstrip split rsplit splitlines
    partition rpartition removeprefix removesuffix startswith endswith find rfind index rindex count
    hex isalpha isdigit isalnum isupper islower get copy bit_length""".split()  # noqa: SIM905
)
_BY_NAME: Mapping[str, Callable[..., Any]] = {
    "decode": _decode,
    "encode": _encode,
    "replace": _replaced,
    "translate": _translated,
    "keys": list,
    "values": lambda entry: list(entry.values()),
    "items": lambda entry: list(entry.items()),
    "format": _formatted,
    "to_bytes": _to_bytes,
    "tobytes": bytes,
    "pop": lambda items, at=-1: items[at],
    "expanduser": str,
    "join": _glued,
    "joinpath": _path,
    "resolve": str,
    "__getitem__": lambda items, key: items[key],
    "__add__": lambda left, right: left + right,
    **{name: _padded(name) for name in ("zfill", "ljust", "rjust", "center")},
}


def method(base: Any, name: str, given: list[Any], named: dict[str, Any]) -> Any:
    """What a method makes of a constant.

    Raises:
        UnfoldableError: it is not one of those that are carried out here.
    """
    if name in _BY_NAME:
        return _BY_NAME[name](base, *given, **named)
    if name not in _PLAIN or not isinstance(base, str | bytes | list | tuple | dict | int):
        raise UnfoldableError
    # Searched from behind, or stripped, each character may be compared with each.
    searched = given[0] if given and isinstance(given[0], str | bytes) else ""
    if isinstance(base, str | bytes) and len(base) * len(searched) > MOST_COMPARED:
        raise UnfoldableError
    return getattr(base, name)(*given, **named)


def printed(text: str, given: Any) -> str:
    """``text % given``, unless a width would fill memory."""
    is_wide = any(len(part) > 3 for part in _digits(text)) or "*" in text
    if is_wide or text.count("%") * weight_of(given) > MOST_LENGTH:
        raise UnfoldableError
    return str(text % (tuple(given) if isinstance(given, list) else given))
