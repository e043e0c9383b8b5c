"""Strict JSON and base64: no duplicate keys, no NaN, capped, one spelling for each value.

Python's own parser with its hooks: msgspec and orjson keep the last of two equal keys in silence,
and what is signed must not be readable in two ways.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from mlsec.signing.errors import MalformedError, OverLimitError


class JsonLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps for one document: its bytes, its nesting (levels), its values (at any depth)."""

    size_bytes: int = 64 << 20
    depth: int = 32
    values: int = 20_000_000


DEFAULT_LIMITS = JsonLimits()

_SURROGATE = re.compile("[\ud800-\udfff]")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")


Compact = Callable[[dict[str, Any]], Any]


def loads(
    data: bytes,
    what: str = "JSON",
    limits: JsonLimits = DEFAULT_LIMITS,
    compact: Compact | None = None,
) -> Any:
    """Parse UTF-8 JSON into plain dicts, lists, strings, numbers, booleans and None.

    Args:
        data: the whole document.
        what: what it is, for the message ("bundle", "statement").
        limits: the caps.
        compact: turns each object, once its keys are known to differ, into something smaller;
            for documents of very many small objects.

    Raises:
        MalformedError: not UTF-8, not JSON, a duplicate key, NaN or an infinite number, an
            unpaired surrogate.
        OverLimitError: a cap was reached.
    """
    if len(data) > limits.size_bytes:
        raise OverLimitError(
            f"{what} is larger than {limits.size_bytes} bytes",
            hint="if it is meant to be, raise limits: {bundle_mb: ...} in the trust policy",
        )
    try:
        text = data.decode("utf-8")
        value = _decoder(compact).decode(text)
    except UnicodeDecodeError as error:
        raise MalformedError(f"{what} is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedError(
            f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise OverLimitError(f"{what} is nested deeper than {limits.depth} levels") from None
    except _NotStrictError as error:
        raise MalformedError(f"{what}: {error}") from None
    except ValueError:
        raise OverLimitError(f"{what} holds a number that is too long") from None
    # The search for one byte is many times faster, and most documents have no escape at all.
    has_escape = b"\\" in data and (b"\\ud" in data or b"\\uD" in data)
    _check(value, what, limits, has_escaped_surrogate=has_escape)
    return value


def base64_bytes(text: str, what: str) -> bytes:
    """Decode standard, padded base64; only the one canonical spelling is taken.

    Raises:
        MalformedError: another alphabet, white space, missing padding, left-over bits.
    """
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError(f"{what} is not base64") from None
    # Only the last group can be spelled in two ways: bits that are left over must be zero.
    tail = len(data) % 3
    if tail and binascii.b2a_base64(data[-tail:], newline=False).decode() != text[-4:]:
        raise MalformedError(f"{what} is not canonical base64")
    return data


def base64url_bytes(text: str, what: str) -> bytes:
    """Decode unpadded base64url (RFC 7515); only the one canonical spelling is taken.

    Raises:
        MalformedError: another alphabet, padding, left-over bits.
    """
    if not _BASE64URL.match(text):
        raise MalformedError(f"{what} is not unpadded base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise MalformedError(f"{what} is not unpadded base64url") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise MalformedError(f"{what} is not canonical base64url")
    return data


class _NotStrictError(Exception):
    """The document is valid for the json module, but not strict JSON."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _NotStrictError(f'duplicate key "{key[:100]}"')
            seen.add(key)
    return value


def _constant(name: str) -> NoReturn:
    raise _NotStrictError(f"{name} is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _NotStrictError(f"the number {text[:40]} is out of range")
    return value


def _decoder(compact: Compact | None) -> json.JSONDecoder:
    hook = _object if compact is None else lambda pairs: compact(_object(pairs))
    return json.JSONDecoder(object_pairs_hook=hook, parse_constant=_constant, parse_float=_float)


def _check(root: Any, what: str, limits: JsonLimits, *, has_escaped_surrogate: bool) -> None:
    level: list[Any] = [root]
    depth = values = 0
    while level:
        depth += 1
        values += len(level)
        if depth > limits.depth:
            raise OverLimitError(f"{what} is nested deeper than {limits.depth} levels")
        if values > limits.values:
            raise OverLimitError(f"{what} holds more than {limits.values} values")
        if has_escaped_surrogate:
            _refuse_surrogates(level, what)
        below: list[Any] = []
        for value in level:
            if value.__class__ is dict:
                below.extend(value.values())
            elif value.__class__ is list:
                below.extend(value)
        level = below


def _refuse_surrogates(level: list[Any], what: str) -> None:
    for value in level:
        texts = value if value.__class__ is dict else (value,)
        if any(text.__class__ is str and _SURROGATE.search(text) for text in texts):
            raise MalformedError(f"{what} holds an unpaired surrogate, so it is not Unicode text")
