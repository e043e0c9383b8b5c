"""Words of a text that hide or are secrets: base64 of a text, percent signs, random characters."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from mlsec.collect.secrets.names import Says, is_published_value
from mlsec.collect.secrets.values import is_secret_value, looks_random
from mlsec.core.regex import regex
from mlsec.core.secret_forms import SecretSpan, linear

# Does a text hold a secret? (of what was decoded)
Holds = Callable[[str], bool]

_WORD = regex(r"[A-Za-z0-9+/_~.-]{20,}={0,2}")
_BASE64 = regex(r"[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9_-]{16,}={0,2}")
_BASIC = regex(r"[A-Za-z][\w.@$-]{0,100}:([^\s:/]{6,200})\n?")
_DIGEST = regex(r"(?i)(?:sha-?\d{1,3}|md5|blake[23]b?|h1|zh)[-:=]?\Z")
_NAME = regex(r"([A-Za-z0-9_.-]{1,100})[\"'\]\\]{0,9}[ \t]*(?:=>|[:=])[ \t]*[\[\\]{0,9}[\"']?\Z")
_BESIDE = regex(
    r"(?i)(?:name|key)[\"']?[ \t]*[:=][ \t]*[\"']?([\w.-]+)[\"']?"
    r",?\s*[\"']?value[\"']?\s*[:=]\s*[\"']?\Z"
)
_PRIVATE_DER = regex(rb"\x30(?:\x82..|\x81.|.)\x02\x01[\x00\x01]", 16)
_MOST_CHARS = 4 * 1024 * 1024
_LEAST_PRINTABLE = 0.97


def encoded_spans(text: str, holds: Holds) -> Iterator[SecretSpan]:
    """Give words that are a secret in disguise, or random; ``text`` has no lone surrogates."""
    public = _public_blocks(text)
    for match in _WORD.finditer(text):
        word = match.group()
        kind = _kind(word)
        if not kind:
            continue
        start, end = match.span()
        if kind == "text":
            decoded = text_of_base64(word)
            if decoded is not None and (holds(decoded) or _is_basic(decoded)):
                yield SecretSpan(start=start, end=end, kind="encoded")
        elif kind == "private-key":
            yield SecretSpan(start=start, end=end, kind=kind)
        elif not any(first <= start < last for first, last in public) and _is_value(text, start):
            yield SecretSpan(start=start, end=end, kind="high-entropy")
    if "%" in text:
        for match in _percent().finditer(text):
            if holds(unquote(match.group())):
                yield SecretSpan(start=match.start(), end=match.end(), kind="encoded")
    for match in _wrapped().finditer(text) if "\n" in text or "\\n" in text else ():
        decoded = text_of_base64("".join(match.group().replace("\\n", "").split()))
        if decoded is not None and holds(decoded):
            yield SecretSpan(start=match.start(1), end=match.end(1), kind="encoded")


def text_of_base64(word: str) -> str | None:
    """Give the text that a word is the base64 of; None when it is of none."""
    if len(word) > _MOST_CHARS or not _BASE64.fullmatch(word):
        return None
    whole = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        head = base64.b64decode(whole[:16])
        if not _is_printable(head.decode("utf-8", "ignore")):
            return None
        body = base64.b64decode(whole + "=" * (-len(whole) % 4))
        text = body.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return text if _is_printable(text) else None


def _is_basic(decoded: str) -> bool:
    """Whether it is ``user:password``, as basic authentication and registries write it."""
    match = _BASIC.fullmatch(decoded)
    return match is not None and is_secret_value(Says.PASSWORD, match[1])


def _is_printable(text: str) -> bool:
    shown = sum(character.isprintable() or character in "\t\r\n" for character in text)
    return bool(text) and shown >= _LEAST_PRINTABLE * len(text)


@functools.lru_cache(maxsize=65536)
def _kind(word: str) -> str:
    """Say what is worth looking at in a word: "text" in base64, a key, or that it is "random"."""
    if _BASE64.fullmatch(word):
        if word.startswith(("MII", "MHc", "MIG")) and _is_private_der(word):
            return "private-key"
        if text_of_base64(word[:64] if len(word) > 64 else word) is not None:
            return "text"
    return "random" if looks_random(word) else ""


def _is_private_der(word: str) -> bool:
    try:
        head = base64.b64decode(word[:24])
    except (binascii.Error, ValueError):
        return False
    return _PRIVATE_DER.match(head) is not None


def _is_value(text: str, start: int) -> bool:
    """Whether a random word at this place may be a secret: no digest, no public key, no id."""
    before = text[max(0, start - 240) : start]
    if _DIGEST.search(before) or _DIGEST.match(text[start : start + 8].partition("-")[0] + "-"):
        return False
    if text.startswith("AAAA", start) or before.endswith("base64,"):
        return False
    name = _BESIDE.search(before) or _NAME.search(before)
    return name is None or not is_published_value(name[1])


def _public_blocks(text: str) -> list[tuple[int, int]]:
    if "-----BEGIN " not in text and " AAAA" not in text:
        return []
    return [match.span() for match in _block().finditer(text)]


@functools.cache
def _block() -> Any:
    return linear(
        r"(?:ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+)["
        r" \t]+AAAA(?:[A-Za-z0-9+/=]|\\n|\r?\n)*"
        r"|(?s)-----BEGIN (?:[A-Z0-9]+ )*(?:CERTIFICATE(?: REQUEST)?|PUBLIC KEY|X509 CRL"
        r"|PGP MESSAGE"
        r"|PGP SIGNATURE|SIGNATURE|PGP PUBLIC KEY BLOCK|DH PARAMETERS|EC"
        r" PARAMETERS)-----.*?-----END "
    )


@functools.cache
def _percent() -> Any:
    return linear(r"[A-Za-z0-9._~+/=&:?@-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~+/=&:?@-]*)+")


@functools.cache
def _wrapped() -> Any:
    """Base64 over several lines."""
    return linear(
        r"(?:^|[^A-Za-z0-9+/])((?:[A-Za-z0-9+/]{40,200}[ \t]*(?:\\n|\r?\n)["
        r" \t]*)+[A-Za-z0-9+/]+={0,2})"
    )
