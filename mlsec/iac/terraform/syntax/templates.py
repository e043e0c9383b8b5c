"""Text with holes from its source: raw pieces, strip markers, escapes and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from mlsec.iac.terraform.syntax.tree import Expr, Literal, Template

_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])\4\{")
_HEREDOC_ESCAPE = re.compile(r"([$%])\1\{")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class Raw:
    """A piece of literal text as it stands in the source."""

    def __init__(self, text: str, *, at_line_start: bool = False) -> None:
        self.text, self.at_line_start = text, at_line_start


class Hole:
    """A piece that is evaluated; markers strip the blanks of the text beside it."""

    def __init__(self, part: Expr, *, strips_before: bool, strips_after: bool) -> None:
        self.part, self.strips_before, self.strips_after = part, strips_before, strips_after


Piece = Raw | Hole


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How literal text is written; ``indent``: how many blanks each line of a heredoc loses."""

    is_heredoc: bool = False
    indent: int = 0


def template(pieces: Iterable[Piece], place: tuple[int, int], style: Style) -> Expr:
    """Give the pieces as one expression: a literal when there is no hole."""
    parts: list[Expr] = []
    strip_next = False
    for piece in pieces:
        if isinstance(piece, Hole):
            last = parts[-1] if parts else None
            if piece.strips_before and isinstance(last, Literal) and isinstance(last.value, str):
                parts[-1] = Literal(*place, last.value.rstrip(" \t\r\n"))
            parts.append(piece.part)
            strip_next = piece.strips_after
            continue
        raw = _outdent(piece, style.indent) if style.indent else piece.text
        if strip_next:
            raw = raw.lstrip(" \t\r\n")
        strip_next = False
        text = _heredoc_text(raw) if style.is_heredoc else unescape(raw)
        if text:
            parts.append(Literal(*place, text))
    parts = [part for part in parts if not (isinstance(part, Literal) and part.value == "")]
    if not parts:
        return Literal(*place, "")
    if len(parts) == 1 and isinstance(parts[0], Literal) and isinstance(parts[0].value, str):
        return parts[0]
    return Template(*place, tuple(parts))


def unescape(raw: str) -> str:
    """Give quoted text as it is meant."""
    if "\\" not in raw and "{" not in raw:
        return raw
    return _ESCAPE.sub(_meant, raw)


def indentation(lines: Iterable[str]) -> int:
    """Give how many blanks all lines of a heredoc have in common; blank lines do not count."""
    counts = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return min(counts, default=0)


def _meant(match: re.Match[str]) -> str:
    simple, short, long, doubled = match.groups()
    if doubled:
        return f"{doubled}{{"
    if simple:
        return _SIMPLE[simple]
    code = int(short or long, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _heredoc_text(raw: str) -> str:
    return _HEREDOC_ESCAPE.sub(r"\1{", raw) if "{" in raw else raw


def _outdent(piece: Raw, indent: int) -> str:
    text = re.sub(rf"\n[ \t]{{1,{indent}}}", "\n", piece.text)
    return re.sub(rf"\A[ \t]{{1,{indent}}}", "", text) if piece.at_line_start else text
