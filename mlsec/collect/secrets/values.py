"""Whether a value is a secret, given what its name says: length, characters, randomness."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter

from mlsec.collect.secrets.names import Says
from mlsec.core.regex import regex

LONGEST = 4096
# What points to the value, and what says that no value is there.
_ELSEWHERE = (
    r"\$[A-Za-z_{(\[]|\{\{|ENC\[AES256_GCM,|<|%\(|%[A-Z_]+%|arn:|resolve:|\{\{resolve|https?://"
    r"|s3://|gs://|[./~]|!|@Microsoft"
    r"|\[[a-z]+\(|ref\+|op://|vault:|env:|file:|secretref:|ssm:|sm://|projects/|keyvaultref:"
    r"|true$|false$|yes$|no$|on$|off$|none$|null$|nil$|undefined$|unset$|n/a$|empty$"
    r"|not?[-_ ]?(?:needed|required|used|set|key|token|api[-_]?key)$"
)
_STANDS_IN = (
    r"tbd$|todo$|string$|change_?me|example|placeholder|dummy|redacted|your[_ -]|insert[_ -]"
    r"|(?:token|key|sk)-abc-?123$"
    r"|your[a-z]{1,20}(?:key|token|secret|password)$|x{3,}$|x{3}[_-]|\*{3}"
    r"|\.{3}|_{0,2}replace[_-]?me"
    r"|(insert|replace|enter|put|add|paste|fill|provide|set)[_-](me$|with|your|my|the|this|here|in)"
    r"|[a-z_-]{1,60}[_-](goes[_-])?here$"
)
ELSEWHERE = regex(rf"(?i)^(?:{_ELSEWHERE})")
STANDS_IN = regex(rf"(?i)^(?:{_STANDS_IN})")
PLACEHOLDER = regex(rf"(?i)^(?:{_ELSEWHERE}|{_STANDS_IN})")
# Put together by a shell or a template, of what stands elsewhere.
COMPOSED = regex(r"\$(?:[{(]|[A-Z][A-Z0-9_]{2,}\b)|\{\{|\{[A-Za-z_][\w.-]{0,60}\}|\.{3}")
_HEX = regex(r"(?i)(?:0x)?[0-9a-f]+")
_TOKEN = regex(r"[A-Za-z0-9+/_~=.-]+")
_OF_NAMES = regex(r"[-_]")
_SEGMENT = regex(r"[A-Za-z0-9]+")
_UPPER, _LOWER, _DIGIT = regex(r"[A-Z]"), regex(r"[a-z]"), regex(r"[0-9]")
_CASE = regex(r"[A-Z]+|[a-z]+|[0-9]+")
# Chance makes few runs that long of one case or of digits; names are made of them.
_RUN = regex(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}|[0-9]{4,}")
_DATE = regex(r"\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]*)?|\d+(?:[.,]\d+)*[a-zA-Z%]{0,2}")
# Proxies of models take a key of this form that their operator chose, words or not.
_CHOSEN = "sk-"
REFERENCE = regex(r"\A[A-Za-z_]\w*+(?:(?:\.[A-Za-z_][\w\[\]]*)+(?:\(.*)?|\(.*)\Z")


def entropy_bits(text: str) -> float:
    """Give Shannon's entropy per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def is_secret_value(says: Says, text: str) -> bool:
    """Whether a value is a secret under a name that says so much."""
    if says is Says.NOTHING or not 6 <= len(text) <= LONGEST:
        return False
    is_random = looks_random(text)
    if not is_random and (PLACEHOLDER.match(text) or COMPOSED.search(text)):
        return False
    if not is_random and _DATE.fullmatch(text):
        return says is Says.PASSWORD and text.isdecimal() and entropy_bits(text) >= 2.5
    match says:
        case Says.PASSWORD:
            return is_random or _is_password(text)
        case Says.TOKEN:
            if len(text) < 8 or re.search(r"\s", text) or REFERENCE.fullmatch(text):
                return is_random
            is_drawn = bool(re.search(r"\d", text)) or text.startswith(_CHOSEN)
            return entropy_bits(text) >= 3.0 and is_drawn
        case _:
            return is_random or _is_long_hex(text)


def _is_password(text: str) -> bool:
    is_mixed = any(map(str.isdecimal, text)) and any(map(str.isalpha, text))
    if re.search(r"\s", text) or entropy_bits(text) < (2.0 if is_mixed else 2.5):
        return False
    return len(text) >= 8 or is_mixed


def _is_long_hex(text: str) -> bool:
    return len(text) >= 32 and bool(_HEX.fullmatch(text)) and entropy_bits(text) >= 3.0


@functools.lru_cache(maxsize=65536)
def looks_random(text: str) -> bool:
    """Whether a text is drawn from letters of both cases and digits as no word or name is.

    Hexadecimal digits, UUIDs and names in one case are not: digests and ids look so.
    """
    if not 20 <= len(text) <= LONGEST or not _TOKEN.fullmatch(text) or text.count(".") > 1:
        return False
    if _HEX.fullmatch(text.rpartition("=")[2]):
        return False  # search=0x0C0E...: the fingerprint of a key
    segments = _SEGMENT.findall(text)
    body = "".join(segments)
    if len(segments) > 1 + len(text) / 9 or max(map(len, segments), default=0) < 8:
        return False  # a name of several words
    if "/" in text and _OF_NAMES.search(text) and max(map(len, segments)) < 20:
        return False  # no alphabet of base64 has both signs; owner/model-3B and paths do
    if not (_UPPER.search(body) and _LOWER.search(body) and _DIGIT.search(body)):
        return False
    changes = len(_CASE.findall(body)) - 1
    words = sum(map(len, _RUN.findall(body)))
    least, most = (0.38, 0.4) if len(body) < 32 else (0.33, 0.5)
    return (
        changes / (len(body) - 1) >= least
        and words < most * len(body)
        and entropy_bits(body) >= 3.3
    )
