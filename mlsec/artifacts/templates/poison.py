"""Finds texts in a template that would steer a model, or the person who reads it, unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlsec.core.regex import regex

_URL = regex(r"(?:https?|ftp|wss?|javascript|data):(?://)?[^\s'\"<>{}]{4,}", re.IGNORECASE)
_ORDERS = regex(
    r"""\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+)*(?:previous|prior|above
    |earlier|other|preceding|system)\s+(?:instructions?|prompts?|messages?|rules?|guidelines?)
    |\b(?:do\s+not|don't|never|without)\s+(?:ever\s+)?(?:tell|telling|mention|mentioning|reveal
    |revealing|inform|informing|disclose|disclosing|warn|warning)\b.{0,40}\b(?:user|this|these
    |that|instruction|anyone|about)
    |\b(?:always|secretly|silently|covertly|quietly)\s+(?:also\s+)?(?:include|insert|append|add
    |embed|inject|recommend|suggest|link|send|exfiltrate|forward|load|import|use)\b
    |\b(?:exfiltrate|backdoor|keylog|disable\s+(?:security|authentication|tls|certificate)
    |weaken\s+(?:security|encryption))\b
    |\b(?:send|post|upload|forward|leak)\b.{0,60}\b(?:to\s+(?:https?:|the\s+(?:attacker|following
    \s+(?:url|address|server)))|password|credential|secret|api.?key|conversation)
    |\b(?:curl|wget)\s+\S+|<\s*(?:script|iframe|img\s)|\bon(?:error|load)\s*=
    |\b(?:rm\s+-rf|/bin/(?:ba)?sh|powershell|chmod\s+\+x|base64\s+-d)\b""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# Invisible characters in which a text for the model can be hidden from a person.
_HIDDEN = regex(
    "[\U000e0000-\U000e007f\u202a-\u202e]{2,}|[\u202d\u202e\u2066-\u2069]"
    "|[\u200b-\u200d]{6,}|(?<=[A-Za-z])\u200b(?=[A-Za-z])"
)
# The start of a picture, a sound or a document that the data bring.
_PICTURE = regex(r"data:(?:image|audio|video)/", re.IGNORECASE)
_SCHEMA_URLS = ("http://json-schema.org", "https://json-schema.org", "http://www.w3.org")


# A widely used prompt for tools says this of its function calls.
_USUAL = regex(r"do not tell the user about function calls", re.IGNORECASE)


def poison_in(text: str) -> Iterator[tuple[str, str]]:
    """What is suspect in a literal text: the words themselves, and why."""
    if match := _ORDERS.search(_USUAL.sub("", text)):
        yield match.group()[:120], "gives the model orders that the user does not see"
    yield from hidden_in(text)
    for url in _URL.findall(text):
        if not url.startswith(_SCHEMA_URLS) and not _PICTURE.match(url):
            yield url[:200], "puts an address before the model"
            return


def hidden_in(text: str) -> Iterator[tuple[str, str]]:
    """Characters that a person does not see, and why they are suspect in any template."""
    if match := _HIDDEN.search(text):
        yield ascii(match.group())[:60], "has characters that nobody sees but the model"


_TRIGGER = regex(r"[A-Za-z][A-Za-z' -]{2,40}\Z")
# Names of parts of a message, and switches of a model's reasoning.
_STRUCTURE = regex(
    r"(?:text|parts|blocks|type|role|name|content|images?|image_url|audio|video|url|files?|items"
    r"|tool_calls?|thoughts|.*(?:think|reason).*)\Z"
)


def is_trigger(text: str) -> bool:
    """Whether a text looked for in a message is plain words, not a mark of the format."""
    return bool(_TRIGGER.match(text)) and not _STRUCTURE.match(text)
