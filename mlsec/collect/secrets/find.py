"""The one detector: where secrets stand in a text of any language, and which kind each is."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from mlsec.collect.secrets.default_passwords import is_published
from mlsec.collect.secrets.encoded import encoded_spans
from mlsec.collect.secrets.named import HINTS, Place, named_values
from mlsec.collect.secrets.names import STEMS, Says, is_published_value, name_says
from mlsec.collect.secrets.values import LONGEST, PLACEHOLDER, is_secret_value, looks_random
from mlsec.core.regex import regex
from mlsec.core.secret_forms import SecretSpan, find_forms, linear, matchable, merged

MARK = "mlsec-masked"
# Variables of an environment; a lower-case "secret" or "token" is often the name of one.
_MEANT = regex(
    r"(?:\A|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|PW|SECRET|TOKEN|API_?KEY|SECRET_KEY|ACCESS_KEY)\Z"
)
_LEAST = 6
_SHORT_CHARS = 400
_MOST_DEPTH = 3
_SIGN = regex(r"[=:\s%]")
_HEREDOC = regex(r"<<[-~]?\"?'?(\w+)\"?'?[ \t]*\r?\n")


def find_secrets(
    text: str, *, name: str = "", is_quoted: bool = False, depth: int = 0
) -> list[SecretSpan]:
    """Give the places of all secrets of a text, in order and apart from each other.

    ``name`` is what the text stands under. ``is_quoted``: in this language what stands without
    quotes is an expression, not a value.
    """
    body = matchable(text)
    if len(text) <= _SHORT_CHARS and _anything().search(body) is None:
        return []
    spans = find_forms(text)
    if len(text) <= _SHORT_CHARS and not spans and text.islower() and not _named().search(body):
        return []  # neither random characters nor base64 are without a capital letter
    literals: list[tuple[int, int]] | None = None
    # Inside an ARN, "secretsmanager:eu-west-1:..." is not an assignment.
    body = _ARN.sub(lambda match: "/" * len(match.group()), body)
    # Without a sign or a blank there is no name beside a value.
    for place in named_values(body) if _SIGN.search(body) else ():
        value = body[place.start : place.end]
        if is_quoted and not place.is_quoted and kind_of(place.name, value, place.is_meant):
            if literals is None:
                literals = _literal_blocks(body)
            if _is_expression(body, place, literals):
                continue
        spans += _judged(place, value, depth)
    spans += encoded_spans(body, lambda decoded: _holds(decoded, depth))
    if name and is_published_value(name):
        spans = [span for span in spans if span.kind != "high-entropy"]
    return merged([span for span in spans if MARK not in text[span.start : span.end]])


@functools.cache
def _named() -> Any:
    return linear(rf"{STEMS}|[a-z]%[0-9a-f]|{HINTS}")


@functools.cache
def _anything() -> Any:
    """What every secret of a short text has: a part of a name, a long word, or signs."""
    words = r"[a-z0-9+/_~=.-]{20,}|[0-9a-z]%[0-9a-f]|://|[$:@~]|-us|SK"
    return linear(rf"(?i){STEMS}|{HINTS}|{words}")


def kind_of(name: str, value: str, is_meant: bool = False) -> str:  # noqa: FBT001, FBT002
    """Name the kind of secret that a whole value is under a name, "" for none."""
    if is_published(value) or not value:
        return ""
    says = name_says(name)
    is_aws = "aws" in name.lower() or "access" in name.lower()
    if says is Says.PASSWORD and is_aws and _is_aws_secret(value):
        return "aws-secret-key"
    if says is Says.TOKEN and is_meant:
        says = Says.PASSWORD
    if is_secret_value(says, value) or _is_meant(name, value, is_flag=is_meant):
        return "aws-secret-key" if is_aws and _AWS_SECRET.fullmatch(value) else "generic"
    return ""


def _is_aws_secret(value: str) -> bool:
    """Whether it has the form of Amazon's secret keys, which may begin like a path."""
    parts = (r"[A-Z]", r"[a-z]", r"[0-9]")
    return bool(_AWS_SECRET.fullmatch(value)) and all(re.search(part, value) for part in parts)


_ARN = regex(
    r"\barn:aws[a-z-]{0,20}:[a-z0-9-]{1,40}:[a-z0-9-]{0,30}:[0-9]{0,12}:[\w:/+=.@*-]{0,2048}"
)
_AWS_SECRET = regex(r"[A-Za-z0-9/+]{40}")


def _judged(place: Place, value: str, depth: int) -> Iterator[SecretSpan]:
    if MARK in value:
        return
    kind = kind_of(place.name, value, place.is_meant)
    if kind:
        yield SecretSpan(start=place.start, end=place.end, kind=kind)
    elif depth < _MOST_DEPTH and len(value) <= LONGEST and re.search(r"[=:\s]", value):
        # What stands in the value was passed over by the pattern that took it whole.
        for inner in named_values(value):
            for span in _judged(inner, value[inner.start : inner.end], depth + 1):
                yield SecretSpan(
                    start=place.start + span.start, end=place.start + span.end, kind=span.kind
                )


def _holds(decoded: str, depth: int) -> bool:
    if depth >= _MOST_DEPTH:
        return looks_random(decoded)
    return bool(find_secrets(decoded, depth=depth + 1))


def _is_meant(name: str, value: str, *, is_flag: bool) -> bool:
    """Whether a name leaves no doubt that its literal value is a secret, however plain it is."""
    if not (_MEANT.search(name) or (is_flag and name_says(name) is Says.PASSWORD)):
        return False
    return (
        len(value) >= _LEAST
        and not (value.isdecimal() or PLACEHOLDER.match(value))
        and not re.search(r"[$/{}<>]", value)
    )


def _literal_blocks(text: str) -> list[tuple[int, int]]:
    """Give the heredocs of Terraform and the long strings of Bicep."""
    blocks: list[tuple[int, int]] = []
    for match in _HEREDOC.finditer(text):
        if blocks and match.start() < blocks[-1][1]:
            continue
        close = re.compile(rf"(?m)^[ \t]*{re.escape(match[1])}[ \t]*\r?$").search(text, match.end())
        blocks.append((match.end(), close.start() if close else len(text)))
    parts = text.split("'''")
    at = 0
    for index, part in enumerate(parts):
        if index % 2:
            blocks.append((at, at + len(part)))
        at += len(part) + 3
    return blocks


def _is_expression(text: str, place: Place, literals: list[tuple[int, int]]) -> bool:
    if any(start <= place.start < end for start, end in literals):
        return False
    line = text[text.rfind("\n", 0, place.start) + 1 : place.start]
    is_inside = line.replace('\\"', "").count('"') % 2 or line.count("'") % 2
    return not is_inside
