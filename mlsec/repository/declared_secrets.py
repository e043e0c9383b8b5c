"""Values that the code itself says are secret: masked whatever they look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlsec.collect.code.code_file import Language
from mlsec.core.regex import regex

_LINE = r"[^\r\n]{0,400}\r?\n"
# variable "x" { ... sensitive = true ... }; each looks a bounded way ahead.
_VARIABLE = regex(
    r"\bvariable[ \t]+\"(?P<name>[\w-]+)\"[ \t]*\{(?P<body>(?:(?!\n\}|\bvariable\b)[\s\S]){0,2000})"
)
_SENSITIVE = regex(r"\bsensitive[ \t]*=[ \t]*true\b")
_GIVEN = regex(
    r"(?m)(?:^|[{,])[ \t]*\"?(?P<name>[\w-]+)\"?[ \t]*[:=][ \t]*(?P<value>\"(?:[^\"\\\r\n]|\\.)*\")"
)
_DEFAULT = regex(r"\bdefault[ \t]*=[ \t]*(?P<value>\"(?:[^\"\\\r\n]|\\.)*\")")
# A parameter of a template whose value nobody shall see.
_HIDDEN = regex(
    r"(?i)\b(?:NoEcho[\"']?[ \t]*:[ \t]*[\"']?true"
    r"|type[\"']?[ \t]*:[ \t]*[\"']secure(?:string|object))"
)
_TEMPLATE_DEFAULT = regex(
    r"\b(?:Default|defaultValue)[\"']?[ \t]*:[ \t]*"
    r"(?P<value>\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|[^\s\"'{}\[\],#&|]+)"
)
_REACH = 600
_QUOTED = regex(r"\"(?:[^\"\\\r\n]|\\.)*\"")
# What stands below data and stringData of a Secret, by its margin.
_SECRET = regex(
    r"(?m)^[ \t]*+(?:-[ \t]++)?[\"']?kind[\"']?[ \t]*+:[ \t]*+[\"']?Secret[\"']?[ \t]*+"
    r"(?:,[ \t]*+)?\r?$"
)
_HELD = regex(r"[ \t]*(?:data|stringData)[ \t]*:[ \t]*\r?\n")
_ENTRY = regex(r"[ \t]*[\"']?[\w.-]+[\"']?[ \t]*:[ \t]*(?P<value>.*?)[ \t]*\r?\n?\Z")
_FLOW = regex(r"(?<!\w)[\"']?(?:data|stringData)[\"']?[ \t]*:[ \t]*\{(?P<body>[^{}]*)\}")
_FLOW_VALUE = regex(r":[ \t]*(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,{}\"']+)")
# What a shell or template puts a value in for: ${NAME}, $NAME, $(command), {{ .name }}.
_REFERENCE = regex(
    r"(?:[\w.-]{1,80}[ \t]?[=:][ \t]?)?([\"']?)(?:\$\{[A-Za-z_]\w{0,80}\}"
    r"|\$[A-Z][A-Z0-9_]{1,80}|\$\([^()\r\n]{1,200}\)|\{\{[^{}\r\n]{1,200}\}\})\1"
)

Span = tuple[int, int]


def sensitive_variables(texts: Iterable[str]) -> frozenset[str]:
    """Name the variables that Terraform code marks as sensitive."""
    return frozenset(
        match["name"]
        for text in texts
        for match in _VARIABLE.finditer(text)
        if _SENSITIVE.search(match["body"])
    )


def secret_spans(language: Language, text: str, sensitive: frozenset[str]) -> list[Span]:
    """Give where values stand that the code calls secret, in order and apart from each other."""
    match language:
        case Language.TERRAFORM:
            result = _of_variables(text)
        case Language.TERRAFORM_VALUES:
            result = (m.span("value") for m in _GIVEN.finditer(text) if m["name"] in sensitive)
        case Language.CLOUDFORMATION | Language.ARM:
            result = _of_parameters(text)
        case Language.KUBERNETES:
            result = _of_secrets(text)
        case _:
            result = iter(())
    spans: list[Span] = []
    for start, end in sorted(set(result)):
        if start < end and (not spans or start >= spans[-1][1]):
            spans.append((start, end))
    return spans


def _of_variables(text: str) -> Iterator[Span]:
    for block in _VARIABLE.finditer(text):
        if _SENSITIVE.search(block["body"]):
            for match in _DEFAULT.finditer(block["body"]):
                start, end = match.span("value")
                yield block.start("body") + start, block.start("body") + end


def _of_parameters(text: str) -> Iterator[Span]:
    """The default that stands nearest to the word that hides it."""
    defaults = [match.span("value") for match in _TEMPLATE_DEFAULT.finditer(text)]
    at = 0
    for hidden in _HIDDEN.finditer(text):
        while at < len(defaults) and defaults[at][0] < hidden.start() - _REACH:
            at += 1
        near = [span for span in defaults[at : at + 6] if span[0] < hidden.end() + _REACH]
        yield from (span for span in near if not _is_apart(text, hidden.span(), span))


def _is_apart(text: str, span: Span, other: Span) -> bool:
    """Whether another parameter begins between the two: a line with less margin, or a brace."""
    (_, start), (end, _) = sorted((span, other))
    between = _QUOTED.sub("", text[start:end])
    if "}" in between:
        return True
    margins = [len(line) - len(line.lstrip()) for line in between.split("\n")[1:] if line.strip()]
    return bool(margins) and min(margins) < max(margins)


def _of_secrets(text: str) -> Iterator[Span]:
    """All values of the Secret objects of a file, document by document."""
    start = 0
    for part in re.split(r"(?m)(^---.*$)", text):
        if _SECRET.search(part) or '"Secret"' in part:
            yield from ((start + a, start + b) for a, b in _of_secret(part))
        start += len(part)


def _of_secret(part: str) -> Iterator[Span]:
    for flow in _FLOW.finditer(part):
        for match in _FLOW_VALUE.finditer(flow["body"]):
            start, end = match.span("value")
            yield flow.start("body") + start, flow.start("body") + end
    at, margin = 0, -1
    for line in part.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip(" \t"))
        if margin >= 0 and line.strip() and indent <= margin:
            margin = -1
        if margin >= 0:
            # Comments lie between the values: what they say goes, the sign stays.
            is_said = line.lstrip().startswith("#")
            entry = None if is_said else _ENTRY.match(line)
            value = entry["value"] if entry else line.strip().lstrip("# ")
            # The words that begin a block of lines stay; the lines of the block do not.
            is_block = re.fullmatch(r"[|>][-+0-9]*", value)
            if value and not is_block and not _REFERENCE.fullmatch(value):
                begin = at + line.index(value, entry.start("value") if entry else 0)
                yield begin, begin + len(value)
        elif _HELD.match(line):
            margin = indent
        at += len(line)
