"""Where values stand under names in text of any language: assignments, flags, pairs, parameters."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.collect.secrets.names import STEMS, name_says
from mlsec.core.regex import regex
from mlsec.core.secret_forms import linear

_LETTER = r"A-Za-z0-9_.\x80-\x{10FFFF}"
_KEY = rf"(?:[{_LETTER}][{_LETTER}-]*)?(?:{STEMS})[{_LETTER}-]*"
_FIRST = r"(?:^|[^A-Za-z0-9_.\x80-\x{10FFFF}-])"
# In quotes; in the quotes of JSON within a text; or up to what ends a word in most languages.
_VALUE = (
    r"(\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|\\{1,7}\"[^\"\\\r\n]*\\{1,7}\"|\\{1"
    r",7}'[^'\\\r\n]*\\{1,7}'"
    r"|(?:[^\s\"',;&|<>\[\]{}()\\`]|\\[^\s\"'nrtu])+)"
)
_QUOTE = r"(?:\\{0,7}[\"'])?"
_TYPED = r":[ \t]*(?:str|string|SecretStr|Optional\[str\]|str \| None)[ \t]*=[ \t]*"
_SIGN = rf"[ \t]*(?:{_TYPED}|(?::-|:=|=>|\?=|={{1,3}}|:|%3[Dd]|\\u003d)[ \t]*)"
_NEXT_LINE = r"(?:\\?\r?\n[ \t]*(?:-[ \t]+)?)"
# One entry of a pair may stand apart from the other by comments and by two short entries.
_BETWEEN = (
    r"[ \t]*,?[ \t]*(?:(?:#[^\r\n]*)?\r?\n[ \t]*)*"
    rf"(?:{_QUOTE}[A-Za-z]{{1,30}}{_QUOTE}[ \t]*[:=][ \t]*[^\r\n,{{}}\[\]]{{0,80}},?["
    rf" \t]*(?:\r?\n)?[ \t]*){{0,2}}{_QUOTE}"
)
_NAME_IS = (
    rf"(?:[A-Za-z]{{0,30}}[Nn]ame|[A-Za-z]{{0,30}}[Kk]ey|NAME|KEY){_QUOTE}"
    rf"[ \t]*[:=][ \t]*{_QUOTE}((?i:{_KEY})){_QUOTE}"
)
_VALUE_IS = (
    rf"(?:[A-Za-z]{{0,30}}[Vv]alue|[Dd]efault|[Cc]ontent|VALUE){_QUOTE}[ \t]*[:=][ \t]*{_VALUE}"
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A value and the name it stands under; ``is_meant``: only a secret would stand there."""

    name: str
    start: int
    end: int
    is_meant: bool = False
    is_quoted: bool = False


# A whole line: what ends a word elsewhere may be a part of the value.
_LINE = (
    r"(?im)^[ \t]*(?:-[ \t]+)?(?:(?:export|env|arg|set|declare|readonly|local)[ \t]+)?"
    rf"({_KEY})[ \t]*(?:=|:[ \t])[ \t]*"
    r"([^\s\"'\[{|>&*!$(][^\s\"']*)[ \t]*\r?$"
)
# --key value, "--key", "value", and the two as items of a list or on two lines
_FLAG = (
    rf"(?i)(?:^|[\s\"'\[(,=`])(--?{_KEY}){_QUOTE}"
    rf"(?:[ \t]*,[ \t]*{_NEXT_LINE}?|[ \t]+{_NEXT_LINE}?|,?{_NEXT_LINE})(?:--?[a-z]|{_VALUE})"
)
# key: |
#   value
_BLOCK = (
    rf"(?i){_FIRST}({_KEY}){_QUOTE}:[ \t]*[|>][-+0-9]{{0,3}}[ \t]*\r?\n"
    r"[ \t]+(\S+)[ \t]*(?:\r?\n|$)"
)
# param key string = 'value'; ENV KEY value; header lines of proxies
_DECLARED = (
    rf"(?i)(?:^|\n)[ \t]*(?:param[ \t]+({_KEY})[ \t]+\w+[ \t]*=|(?:ENV|ARG)[ \t]+({_KEY})[ \t]"
    rf"|[a-z_]*header[a-z_]*[ \t]+{_QUOTE}({_KEY}){_QUOTE}[ \t])[ \t]*{_VALUE}"
)
# (pattern, groups of the name, group of the value, is_meant)
_PATTERNS = (
    # key = value, "key": "value", KEY:-value, --key=value
    (rf"(?i){_FIRST}(?:--?({_KEY})=|({_KEY}){_QUOTE}\]?{_SIGN}){_VALUE}", (1, 2), 3, False),
    (_LINE, (1,), 2, False),
    (_FLAG, (1,), 2, True),
    (rf"{_FIRST}{_NAME_IS}{_BETWEEN}{_VALUE_IS}", (1,), 2, False),
    (rf"{_FIRST}{_VALUE_IS}{_BETWEEN}{_NAME_IS}", (2,), 1, False),
    (_BLOCK, (1,), 2, False),
    (_DECLARED, (1, 2, 3), 4, False),
)
# Commands and files in which the place alone says that a password stands there.
_PASSWORDS = (
    r"\blogin\b[^\n;|]{0,300}?[ \t\"'](?:-p|--password)(?:[ \t=]|[\"'],[ \t]*)" + _VALUE,
    r"\bsshpass[ \t]+-p[ \t]*" + _VALUE,
    r"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^\n;|]{0,300}?[ \t]-p" + _VALUE,
    r"\bredis-cli\b[^\n;|]{0,200}?[ \t]-a[ \t]+" + _VALUE,
    r"\bsqlcmd\b[^\n;|]{0,200}?[ \t]-P[ \t]+" + _VALUE,
    (
        r"\b(?:curl|wget|http)\b[^\n;|]{0,400}?[ \t](?:-u|--user|--proxy-user)[ \t=]*[\"']?"
        r"[^\s:\"']{0,100}:([^\s\"'$][^\s\"']*)"
    ),
    r"\bmc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)(?:[ \t]+\S+){3}[ \t]+" + _VALUE,
    r"\becho[ \t]+(?:-n[ \t]+)?" + _VALUE + r"[ \t]*\|[^\n]{0,200}--password-stdin",
    r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(\S+)",
    r"(?m)^[^:\s#/\"']{1,200}:(?:[0-9]{1,5}|\*):[^:\s]{1,100}:[^:\s]{1,100}:(\S+)[ \t]*\r?$",
    (
        r"(?i)(?:\bidentified[ \t]+by|\b(?:with|encrypted)[ \t]+password"
        r"|\buser[ \t]+\S+[ \t]+password)[ \t]+('[^'\r\n]*'|\"[^\"\r\n]*\")"
    ),
    r"(?im)^[ \t]*(?:requirepass|masterauth)[ \t]+" + _VALUE,
)
HINTS = (
    r"login|sshpass|mysql|mariadb|redis-cli|sqlcmd|curl|wget|http[ \t]|\bmc\b|password-stdin"
    r"|machine\s|:(?:[0-9]{1,5}|\*):|identified|IDENTIFIED|password|PASSWORD|requirepass|masterauth"
)
# What a parameter is when nothing is given: its name stands above the value. Each looks a bounded
# way ahead, so that a hostile file costs no more than its length.
_HEADS = (
    rf"(?i)\bvariable[ \t]+\"({_KEY})\"[ \t]*\{{",
    rf"(?i){_FIRST}({_KEY})[\"']?[ \t]*:\s*\{{",
    rf"(?im)^([ \t]{{1,40}}{_KEY}):[ \t]*\r?\n",
)
# How far around a part of a name its value is looked for: lines before it, characters after it.
_LINES_ABOVE, _REACH = 5, 400
_BODIES = (
    r"(?:(?!\n\}|\bvariable\b)[\s\S]){0,1000}?\bdefault[ \t]*=[ \t]*",
    r"[^{}]{0,600}?\b(?:Default|defaultValue|value)[\"']?[ \t]*:[ \t]*",
    # One way only to read a line: two would double the work with every line below.
    r"(?:[ \t][^\r\n]{0,400}\r?\n){0,9}?[ \t]+Default:[ \t]*",
)
_BODY_VALUE = r"(?P<value>\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|[^\s\"',;#\[\]{}()&|<>]+)"
_AHEAD = tuple(regex(body + _BODY_VALUE) for body in _BODIES)


def named_values(text: str) -> Iterator[Place]:
    """Give the values under names that say "secret"; whether they are is not judged here.

    ``text`` is without lone surrogates. Each pattern is run near the parts of such names alone.
    """
    if _hint().search(text) is not None:
        for index in range(len(_PASSWORDS)):
            for match in _password(index).finditer(text):
                yield _place("password", text, match.span(1), is_meant=True)
    for start, end in _windows(text):
        window = text[start:end]
        for place in _in_window(window):
            yield msgspec.structs.replace(place, start=place.start + start, end=place.end + start)
        for index, ahead in enumerate(_AHEAD):
            for head in _head(index).finditer(window):
                name = head[1].strip()
                if name_says(name):
                    span = _value_ahead(ahead, text, start + head.end(), head[1])
                    if span is not None:
                        yield _place(name, text, span, is_meant=False)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Give the parts of a text, whole lines, in which a name that may say "secret" stands."""
    start, end = 0, -1
    for match in _stem().finditer(text):
        at = match.start()
        if end >= 0 and (at < end - _REACH or end == len(text)):
            continue
        first = at
        for _ in range(_LINES_ABOVE):
            first = text.rfind("\n", 0, max(first, 0))
        last = text.find("\n", at + _REACH)
        last = len(text) if last < 0 else last + 1
        if first + 1 > end >= 0:
            yield start, end
            start = first + 1
        elif end < 0:
            start = first + 1
        end = last
    if end >= 0:
        yield start, end


def _in_window(window: str) -> Iterator[Place]:
    for index, (_, names, value, is_meant) in enumerate(_PATTERNS):
        for match in _pattern(index).finditer(window):
            name = next(match[group] for group in names if match.start(group) >= 0).lstrip("-")
            if match.start(value) >= 0:
                yield _place(name, window, match.span(value), is_meant=is_meant)


def _value_ahead(ahead: Any, text: str, at: int, name: str) -> tuple[int, int] | None:
    match = ahead.match(text, at)
    if match is None:
        return None
    margin = len(name) - len(name.lstrip())
    if margin:  # lines: each below has more margin than the name
        lines = text[at : match.start("value")].split("\n")
        if any(len(line) - len(line.lstrip()) <= margin for line in lines if line.strip()):
            return None
    span: tuple[int, int] = match.span("value")
    return span


def _place(name: str, text: str, span: tuple[int, int], *, is_meant: bool) -> Place:
    start, end = span
    is_quoted = False
    while start < end and text[start] == "\\":
        start += 1
    if end - start > 1 and text[start] in "\"'" and text[end - 1] == text[start]:
        start, end, is_quoted = start + 1, end - 1, True
        while end > start and text[end - 1] == "\\":
            end -= 1
    elif end - start > 1 and not is_quoted:
        while end > start and text[end - 1] in ",;":
            end -= 1
    return Place(name=name, start=start, end=end, is_meant=is_meant, is_quoted=is_quoted)


@functools.cache
def _stem() -> Any:
    return linear(f"(?i){STEMS}")


@functools.cache
def _hint() -> Any:
    return linear(HINTS)


@functools.cache
def _pattern(index: int) -> Any:
    return linear(_PATTERNS[index][0])


@functools.cache
def _password(index: int) -> Any:
    return linear(_PASSWORDS[index])


@functools.cache
def _head(index: int) -> Any:
    return linear(_HEADS[index])
