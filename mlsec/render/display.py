"""Foreign values as text that is safe in every report: escaped, masked, cut, put in words."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlsec.core.finding import Evidence
from mlsec.core.regex import regex
from mlsec.core.sanitize import visible

# Secrets are reduced at collection; this is the second lock on the same door, for what comes in
# through names, tags and messages.
_SHAPES_TO_MASK = (
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{50,}"
    r"|\bhf_[A-Za-z0-9]{30,}"
    r"|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}"
    r"|\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}"
    r"|\bAIza[0-9A-Za-z_-]{35}"
    r"|\bxox[abprs]-[0-9A-Za-z-]{10,}"
    r"|(?<=://)[^/\s:@\"']+:[^/\s:@*\"']{3,}(?=@)"
    r"|(?<=[?&])(?:X-Amz-Signature|sig|Signature)=[A-Za-z0-9%+/=]{16,}"
)
_MASK = "[masked secret]"
_MASK_BYTES = _MASK.encode()
# None of the shapes is without one of these; looking for them is much faster than the pattern.
_SIGNS = (
    *("AKIA", "ASIA", "PRIVATE KEY", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_"),
    *("sk-", "eyJ", "AIza", "xox", "ignature=", "sig=", "@"),
)
_SIGN_BYTES = tuple(sign.encode() for sign in _SIGNS)
_SECRETS = regex(_SHAPES_TO_MASK)
_SECRET_BYTES = regex(_SHAPES_TO_MASK.encode())
_ID_LIMIT_CHARS = 600
_VALUE_CHARS = 120
_DESCRIPTION_CHARS = 500

_EXPECTED = {
    "eq": "expected {}",
    "in": "expected one of {}",
    "ne": "expected not {}",
    "not_in": "expected not one of {}",
    "lt": "expected less than {}",
    "lte": "expected at most {}",
    "gt": "expected more than {}",
    "gte": "expected at least {}",
    "matches": "expected to match {}",
    "starts_with": "expected to start with {}",
    "ends_with": "expected to end with {}",
    "contains": "expected to contain {}",
    "contains_any": "expected to contain one of {}",
    "older_than": "expected older than {} days",
    "newer_than": "expected newer than {} days",
    "in_cidr": "expected inside {}",
    "overlaps_cidr": "expected to overlap {}",
    "version_lt": "expected a version below {}",
    "not contains": "expected without {}",
    "not contains_any": "expected none of {}",
    "not matches": "expected not to match {}",
    "not starts_with": "expected not to start with {}",
    "not ends_with": "expected not to end with {}",
    "not older_than": "expected not older than {} days",
    "not newer_than": "expected not newer than {} days",
    "not in_cidr": "expected outside {}",
    "not overlaps_cidr": "expected not to overlap {}",
    "not version_lt": "expected at least version {}",
    "some": "expected {}",
    "each": "expected {}",
    "none": "expected {}",
}


# Reports repeat the same few texts for each of very many findings.
@functools.lru_cache(maxsize=8192)
def shown(text: str, limit_chars: int = 0) -> str:
    """Show foreign text: control and bidi characters as escapes, known secret shapes masked."""
    is_plain = text.isascii() and text.isprintable() and not 0 < limit_chars < len(text)
    safe = text if is_plain else visible(text, limit_chars)
    return _SECRETS.sub(_MASK, safe) if any(sign in safe for sign in _SIGNS) else safe


def masked(payload: bytes) -> bytes:
    """Mask known secret shapes in encoded JSON; none of them can reach past a string's end.

    Only strings with a sign in them are looked at with the pattern, which is slow.
    """
    pieces, at = [], 0
    for start, end in _signed_strings(payload):
        pieces += [payload[at:start], _SECRET_BYTES.sub(_MASK_BYTES, payload[start:end])]
        at = end
    return b"".join((*pieces, payload[at:])) if pieces else payload


def _signed_strings(payload: bytes) -> list[tuple[int, int]]:
    """Give the stretches between two quotes that hold a sign, in order, each once."""
    result = set()
    for sign in _SIGN_BYTES:
        at = payload.find(sign)
        while at >= 0:
            end = payload.find(b'"', at)
            end = len(payload) if end < 0 else end
            result.add((payload.rfind(b'"', 0, at) + 1, end))
            at = payload.find(sign, end)
    return sorted(result)


def shown_id(text: str) -> str:
    """Show an id whole; one of absurd length is cut and keeps its identity by a digest."""
    if len(text) <= _ID_LIMIT_CHARS:
        return shown(text)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{shown(text[:_ID_LIMIT_CHARS])}…~{digest}"


def value_text(value: Any, limit_chars: int = _VALUE_CHARS) -> str:
    """Put a JSON value in words: null is ``not set``, a reduced secret is named, not shown."""
    match value:
        case None:
            words = "not set"
        case bool():
            words = "true" if value else "false"
        case str():
            words = value if value.strip() else json.dumps(value)
        case Mapping() if "~length" in value or "~hash" in value:
            words = _secret_text(value)
        case list() | tuple() if not value:
            words = "(empty list)"
        case list() | tuple() if all(isinstance(item, str | int | float) for item in value):
            words = ", ".join(value_text(item) for item in value)
        case _:
            words = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return shown(words, limit_chars)


def _secret_text(value: Mapping[str, Any]) -> str:
    kind = value.get("~secret") or "value not shown"
    tail = value.get("~tail")
    return f"[{kind}, {value.get('~length', '?')} characters{f', ends {tail}' if tail else ''}]"


def telling(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Leave out what an item of a list was picked by, where its own words are shown as well.

    A rule that wants no item of a kind is decided by the kind and by the words of each item; to a
    reader the words say both.
    """
    described = {_list(item.path) for item in evidence if is_description(item)}
    return [
        item
        for item in evidence
        if is_description(item) or item.is_unread or _list(item.path) not in described
    ]


def is_description(evidence: Evidence) -> bool:
    """Whether it is the words that an item of a list has for itself, and should not be there."""
    is_unwanted = evidence.operator == "exists" and not evidence.expected
    return is_unwanted and bool(_list(evidence.path)) and isinstance(evidence.actual, str)


def _list(path: str) -> str:
    """Name the list that a path leads into: ``facts`` of ``facts[3].kind``; "" for no list."""
    return path[: max(0, path.rfind("["))]


def expected_text(evidence: Evidence) -> str:
    """Say what the clause wanted, in words."""
    if is_description(evidence):
        return "expected no such item"
    if evidence.operator == "exists":
        return "expected to be set" if evidence.expected else "expected not to be set"
    if evidence.operator == "ne" and isinstance(evidence.expected, bool):
        return f"expected {value_text(not evidence.expected)}"
    form = _EXPECTED.get(evidence.operator, f"{shown(evidence.operator)}: {{}}")
    return form.replace("{}", value_text(evidence.expected))


def actual_text(evidence: Evidence) -> str:
    """Say what was there, or that it could not be read."""
    if evidence.is_unread:
        return "could not be read"
    # A description of what was found is cut late: where it lies stands at its end.
    limit_chars = _DESCRIPTION_CHARS if is_description(evidence) else _VALUE_CHARS
    return value_text(evidence.actual, limit_chars)


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Give ``1 check`` or ``1,204 checks``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def kind_of(type_name: str, titles: Mapping[str, str]) -> str:
    """Say what people call a type; where that is not known, the words of its name."""
    title = titles.get(type_name)
    return shown(title or type_name.rpartition(".")[2].replace("_", " "), 120)
