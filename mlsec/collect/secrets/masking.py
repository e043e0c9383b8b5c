"""Secrets in text are masked where they stand: the same lines, the same syntax, no value."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial

from mlsec.collect.secrets.default_passwords import is_published
from mlsec.collect.secrets.kinds import KINDS, PLACEHOLDER, secret_kind
from mlsec.core.regex import regex

MARK = "mlsec-masked"
_MARKED = regex(rf"{MARK}-([a-z0-9-]{{1,60}})-([0-9a-f]{{12}})-([0-9]+)")
_PEM = regex(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*-----|\Z)", re.S
)
# KEY = value, "key": "value", key: value, ENV KEY=value
_VALUE = r"(?P<value>\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s\"',;#\[\]{}()&|<>]+)"
# and ${KEY:-value}, of which the operator has to stay
# A flag with nothing behind its sign has no value: the next word is another.
_PAIR = regex(
    r"(?<![A-Za-z0-9_.-])(?P<key>(?:(?P<dash>-)|(?!-))[A-Za-z0-9_.-]*[A-Za-z0-9_])[\"']?"
    r"(?(dash)=|[ \t]*(?::-|[:=])[ \t]*)" + _VALUE
)
# --key value, "--key", "value", and the two as items of a list
_FLAG = regex(
    r"(?P<key>--[A-Za-z][\w-]*+)[\"']?[ \t]*+(?:,[ \t]*+)?(?:\r?\n[ \t]*+(?:-[ \t]++)?)?" + _VALUE
)
# - name: KEY
#   value: secret      and {name: KEY, value: secret}, in either order, with comments between
_NEXT = r"[ \t]*+(?:,[ \t]*+)?(?:(?:#[^\r\n]*+)?\r?\n[ \t]*+|(?!))*+[\"']?"
_NAME_IS = r"(?:name|key|Name|Key)[\"']?[ \t]*+:[ \t]*+[\"']?(?P<key>[A-Za-z0-9_.-]+)[\"']?"
_VALUE_IS = r"(?:value|Value)[\"']?[ \t]*+:[ \t]*+" + _VALUE
_NAMED = regex(r"(?<![A-Za-z0-9_.-])" + _NAME_IS + _NEXT + _VALUE_IS)
_VALUED = regex(r"(?<![A-Za-z0-9_.-])" + _VALUE_IS + _NEXT + _NAME_IS)
# What a parameter is when nothing is given: its name stands above the value. Each looks a bounded
# way ahead, so that a hostile file costs no more than its length.
_BLOCK = (
    r"\bvariable[ \t]+\"(?P<key>[\w-]+)\"[ \t]*\{(?:(?!\n\}|\bvariable\b)[\s\S]){0,1000}?"
    r"\bdefault[ \t]*=[ \t]*"
)
_BRACES = (
    r"(?P<key>\b\w+)[\"']?[ \t]*:\s*\{[^{}]{0,600}?"
    r"\b(?:Default|defaultValue|value)[\"']?[ \t]*:[ \t]*"
)
_LINES = (
    r"(?m:^)(?P<margin>[ \t]{1,40})(?P<key>\w+):[ \t]*\r?\n"
    # One way only to read a line: two would double the work with every line below.
    r"(?:(?P=margin)[ \t][^\r\n]{0,400}\r?\n){0,9}?(?P=margin)[ \t]+Default:[ \t]*"
)
_PARAMETERS = tuple(regex(form + _VALUE) for form in (_BLOCK, _BRACES, _LINES))
_LONGEST = 4096
# Variables of an environment; a lower-case "secret" or "token" is often the name of one.
_MEANT = regex(r"(?:\A|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|SECRET_KEY|ACCESS_KEY)\Z")
_LEAST = 6


class Masker:
    """Masks with a keyed hash: equal secrets are equal inside one snapshot and nowhere else.

    ``sensitive`` are the variables of Terraform that its code marks so.
    """

    def __init__(self, salt: str, sensitive: frozenset[str] = frozenset()) -> None:
        self.sensitive = sensitive
        self._is_quoted = False
        self._key = hashlib.sha256(b"mlsec masking/1 " + salt.encode()).digest()

    def mask(self, text: str, *, is_quoted: bool = False) -> str:
        """Give the text with the value of every secret replaced; no line is added or taken away.

        ``is_quoted``: in this language what stands without quotes is an expression, not a value.
        """
        self._is_quoted = is_quoted
        text = _PEM.sub(self._pem, text)
        text = _NAMED.sub(self._pair, text)
        text = _VALUED.sub(self._pair, text)
        text = _PAIR.sub(self._pair, text)
        text = _FLAG.sub(self._pair, text)
        for form in _PARAMETERS:
            text = form.sub(self._pair, text)
        for kind, form in KINDS:
            if kind not in ("private-key", "google-service-account"):
                text = form.sub(partial(self._known, kind), text)
        return text

    def mask_spans(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        """Give the text with what stands at these places replaced, quotes aside."""
        parts, at = [], 0
        for start, end in spans:
            value = text[start:end]
            quote = value[0] if len(value) > 1 and value[0] == value[-1] in "\"'" else ""
            bare = value[1:-1] if quote else value
            if bare and MARK not in bare:
                parts += [text[at:start], quote, self._marker(bare, "sensitive"), quote]
                at = end
        return "".join([*parts, text[at:]])

    def mask_texts(self, text: str, texts: Iterable[str]) -> str:
        """Give JSON text with these values replaced; keys stay, whatever they read."""
        written = {form: text_ for text_ in texts for form in _json_forms(text_)}
        if not written:
            return text
        longest = sorted(written, key=len, reverse=True)
        form = re.compile(f"(?:{'|'.join(map(re.escape, longest))})(?!\\s*:)")
        return form.sub(
            lambda match: f'"{self._marker(written[match.group()], "sensitive")}"', text
        )

    def _known(self, kind: str, match: re.Match[str]) -> str:
        return self._marker(match.group(), kind)

    def _pem(self, match: re.Match[str]) -> str:
        lines = match.group().count("\n")
        return self._marker(match.group(), "private-key") + "\n" * lines

    def _pair(self, match: re.Match[str]) -> str:
        quoted = match.group("value")
        quote = quoted[:1] if quoted[:1] in ("'", '"') else ""
        value = quoted[1:-1] if quote else quoted
        if not quote and self._is_quoted:
            return match.group()
        if not value or len(value) > _LONGEST or MARK in value:
            return match.group()
        key = match.group("key")
        kind = secret_kind(value, key) or ("generic" if _is_meant_secret(key, value) else None)
        if kind is None or is_published(value):
            return match.group()
        whole, at = match.group(), match.start()
        before, after = whole[: match.start("value") - at], whole[match.end("value") - at :]
        return before + quote + self._marker(value, kind) + quote + after

    def _marker(self, value: str, kind: str) -> str:
        mark = hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{MARK}-{kind}-{mark.hexdigest()[:12]}-{len(value)}"


def _is_meant_secret(key: str, value: str) -> bool:
    """Whether a name leaves no doubt that its literal value is a secret, however plain it is."""
    return (
        bool(_MEANT.search(key))
        and len(value) >= _LEAST
        and not (value.isdecimal() or PLACEHOLDER.match(value))
        and not re.search(r"[$/{}<>]", value)
    )


def _json_forms(text: str) -> Iterator[str]:
    """Give how JSON may write a text: as it is, in ASCII, and as Go's encoder does."""
    for is_ascii in (False, True):
        form = json.dumps(text, ensure_ascii=is_ascii)
        yield form
        yield form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def masked_kind(text: str) -> str:
    """Name the kind of secret whose mask stands in a text, "" for none."""
    match = _MARKED.search(text)
    return match.group(1) if match else ""
