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
from mlsec.collect.secrets.values import (
    LONGEST,
    PLACEHOLDER,
    REFERENCE,
    is_secret_value,
    looks_random,
)  # fmt: skip
from mlsec.core.placeholders import is_filled_in_later, is_name_of_key
from mlsec.core.regex import regex
from mlsec.core.secret_forms import SecretSpan, find_forms, linear, matchable, merged

MARK = "mlsec-masked"
# Variables of an environment; a lower-case "secret" or "token" is often the name of one.
MEANT = regex(
    r"(?:\A|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|PW|SECRET|TOKEN|API_?KEY|SECRET_?KEY|ACCESS_?KEY)\Z"
)
_LEAST = 6
_SHORT_CHARS = 400
_MOST_DEPTH = 3
_IDENTIFIER = regex(r"[A-Za-z_]\w*")
_BEFORE_NAME = regex(r"(?:[.(\[,=]|\b(?:import|class|def|return|in|as))[ \t]*\Z")
_SIGN = regex(r"[=:\s%]")
# What a flag --secret takes of Kubernetes' own tools: the name of an object, of plain words.
_SECRET_OBJECT = regex(r"[a-z]{2,20}(?:-[a-z]{2,20}){1,6}")
# A call or an item of something: os.getenv("KEY"), sys.argv[1]. No value is written so.
_COMPUTED = regex(r"[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,6}[(\[]")
# What a test says of itself: PASS: the server answers
_VERDICT = regex(r"\bPASS:[ \t]+\Z")
_NEXT_WORD = regex(r"[ \t]+[A-Za-z]\w*+(?![\w.-]*[:=])")
# ?token=v2.public.[long_str]: the rest is yet to be put in.
_REST_LATER = regex(r"\[[a-z_ ]{2,30}\]")
# The path of an entry in a store of passwords: huggingface/token
_STORE_PATH = regex(
    r"[a-z][a-z_-]{0,40}(?:/[a-z][a-z_-]{0,40}){0,4}/(?:[a-z]{1,20}[_-])?"
    r"(?:token|api[_-]?key|secret|password|credentials)"
)
# NAME = "name": constants one below the other are a list of words, and no secret is one of them.
_CONSTANT = regex(r"[ \t]*([A-Z][A-Z0-9_]{2,80})[ \t]*=[ \t]*([\"'])([a-z0-9_-]{3,80})\2[ \t\r]*")
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
        if not place.is_quoted and _is_no_value(body, place, value):
            continue
        if place.is_quoted and _is_of_words(body, place):
            continue
        if is_quoted and not place.is_quoted and kind_of(place.name, value, place.is_meant):
            if literals is None:
                literals = _literal_blocks(body)
            if _is_expression(body, place, literals) or REFERENCE.fullmatch(value):
                continue
        spans += _judged(place, value, depth)
    hidden = encoded_spans(body, lambda decoded: _holds(decoded, depth))
    spans += (span for span in hidden if not (is_quoted and _is_identifier(body, span)))
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
    if not value or is_published(value):
        return ""
    if is_filled_in_later(value) or is_name_of_key(name, value) or _STORE_PATH.fullmatch(value):
        return ""
    if name.lower().strip("-") == "secret" and _SECRET_OBJECT.fullmatch(value):
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


# Parts of it may be put together: arn:aws:secretsmanager:{region}:${account}:secret:{name}-*
_FILLED = r"\$?\{[^{}\"'\s]{0,80}\}"
_ARN = regex(
    rf"\barn:(?:aws[a-z-]{{0,20}}|{_FILLED}):[a-z0-9-]{{1,40}}:(?:[a-z0-9-]{{0,30}}|{_FILLED})"
    rf":(?:[0-9]{{0,12}}|{_FILLED}):(?:[\w:/+=.@*-]|{_FILLED}){{0,2048}}"
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
    if not (MEANT.search(name) or (is_flag and name_says(name) is Says.PASSWORD)):
        return False
    return (
        len(value) >= _LEAST
        and not (value.isdecimal() or PLACEHOLDER.match(value))
        and not re.search(r"[$/{}<>]|\.{3}|\A\[.*\]\Z", value)
    )


def _is_identifier(text: str, span: SecretSpan) -> bool:
    """Whether a random word is a name of the code: class names such as ForSeq2Seq look so."""
    if span.kind != "high-entropy" or not _IDENTIFIER.fullmatch(text, span.start, span.end):
        return False
    before = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    is_inside = before.count('"') % 2 or before.count("'") % 2
    after = text[span.end : span.end + 1]
    return not is_inside and bool(_BEFORE_NAME.search(before) or after in ("(", ".", "=", "["))


def _is_no_value(text: str, place: Place, value: str) -> bool:
    """Whether what stands without quotes is an expression, a sentence, or to be completed."""
    if _COMPUTED.match(text, place.start):
        return True
    before = text[max(place.start - 20, 0) : place.start]
    if value.isalpha() and _VERDICT.search(before) and _NEXT_WORD.match(text, place.end):
        return True
    return value[-1:] in (".", "-", "_") and bool(_REST_LATER.match(text, place.end))


def _is_of_words(text: str, place: Place) -> bool:
    """Whether a constant is its own name, as is the one above or below it."""
    start, end = text.rfind("\n", 0, place.start) + 1, text.find("\n", place.end)
    end = len(text) if end < 0 else end
    if end - start > _SHORT_CHARS or not _names_itself(text[start:end]):
        return False
    above = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
    below = text[end + 1 : end + 1 + _SHORT_CHARS].partition("\n")[0]
    return _names_itself(above[-_SHORT_CHARS:]) or _names_itself(below)


def _names_itself(line: str) -> bool:
    constant = _CONSTANT.fullmatch(line)
    return constant is not None and constant[1].lower() == constant[3].replace("-", "_")


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
