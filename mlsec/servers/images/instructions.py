"""The instructions of a Dockerfile with their places, as BuildKit divides its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mlsec.core.regex import regex
from mlsec.servers.shell.heredocs import Heredoc

_WORD = regex(r"\s*([A-Za-z]+)(?:[ \t]+|\Z)")
# A word of its own, and none in quotes. Source: heredoc parsing of BuildKit (reHeredoc).
_HEREDOC = regex(
    r"(?<!\S)\d*+<<(?P<tabs>-?)[ \t]*(?P<quote>[\"']?)"
    r"(?P<end>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)(?!\S)"
    r"|\"(?:[^\"\\]|\\.)*\"|'[^']*'|\\.",
    re.S,
)
_ESCAPE = regex(r"(?i)#[ \t]*escape[ \t]*=[ \t]*`[ \t]*\Z")
_DIRECTIVE = regex(r"#[ \t]*[A-Za-z]+[ \t]*=")


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction: its word in capitals, and the text after it with its place.

    ``documents`` are the heredocs behind it, ``code`` the text in front of them; the ``head`` of
    each is the word that ends it.
    """

    word: str
    text: str
    line: int
    column: int
    code: str = ""
    documents: tuple[Heredoc, ...] = ()


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions with their continuation lines; comments between those are dropped."""
    lines = text.splitlines()
    at, escape = 0, _escape_of(lines)
    while at < len(lines):
        matched = _WORD.match(lines[at])
        if matched is None or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        start, column = at, matched.end() + 1
        parts = [lines[at][matched.end() :]]
        while parts[-1].rstrip().endswith(escape) and at + 1 < len(lines):
            parts[-1] = parts[-1].rstrip()[:-1] + "\\"
            at += 1
            is_comment = lines[at].lstrip().startswith("#") or not lines[at].strip()
            parts.append(escape if is_comment else lines[at])
        at += 1
        body = "\n".join(parts)
        word = matched[1].upper()
        code, documents = body, []
        for matched in _heredocs_of(body) if word in ("RUN", "COPY", "ADD") else ():
            end = matched["end"]
            stop = next((n for n in range(at, len(lines)) if lines[n].strip() == end), -1)
            if stop >= 0:  # without an end it is no heredoc: no builder takes such a file
                body = "\n".join([body, *lines[at:stop]])
                documents.append(_document(matched, lines[at:stop], at + 1))
                at = stop + 1
        yield Instruction(
            word=word,
            text=body,
            line=start + 1,
            column=column,
            code=code,
            documents=tuple(documents),
        )


def _escape_of(lines: list[str]) -> str:
    """Give the letter that continues a line, which a directive above everything else may name."""
    for line in lines:
        if _ESCAPE.match(line.strip()):
            return "`"
        if not _DIRECTIVE.match(line.strip()):
            break
    return "\\"


def _heredocs_of(body: str) -> tuple[re.Match[str], ...]:
    """Give where an instruction names the texts which follow it."""
    return tuple(match for match in _HEREDOC.finditer(body) if match["end"])


def _document(match: re.Match[str], lines: list[str], line: int) -> Heredoc:
    texts = [item.lstrip("\t") for item in lines] if match["tabs"] else lines
    return Heredoc(
        head=match["end"], line=line, text="\n".join(texts), is_expanded=not match["quote"]
    )
