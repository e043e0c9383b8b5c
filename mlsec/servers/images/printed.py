"""What echo, printf, cat and heredocs print, each piece with its line; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlsec.collect.code.launch import UNKNOWN_TEXT, Piece, Pieces
from mlsec.collect.located.located import Node
from mlsec.core.regex import regex
from mlsec.servers.shell.expand import Lookup, expand
from mlsec.servers.shell.heredocs import Heredoc

Output = Sequence[Piece]
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_ESCAPE = regex(r"(?s)\\(.)")
_DIRECTIVE = regex(r"%(.?)")
_OPTION = regex(r"-[neE]+")
# Further than this a format is not repeated over its arguments.
_MOST_CHARS = 64 * 1024


def printed(words: Sequence[Node], given: Output | None) -> Output | None:
    """Give what a command prints to its output; None where that is not known.

    ``given`` is what it gets as input, None for nothing that was read.
    """
    if not words:
        return ()
    name, line = words[0].value, words[0].line
    rest = [
        word.value.replace("\\\n", "") if isinstance(word.value, str) else UNKNOWN_TEXT
        for word in words[1:]
    ]
    if name == "echo":
        text = _echoed(rest)
        return ((line, text),) if text is not None else None
    if name == "printf" and rest:
        return ((line, _formatted(rest[0], rest[1:])),)
    if name == "tee" or (name == "cat" and rest in ([], ["-"])):
        return given
    return () if name in (":", "true") else None


def printed_heredoc(document: Heredoc, lookup: Lookup) -> Output:
    """Give the lines of a heredoc, with its variables filled in where the shell does that."""
    pieces = []
    for number, line in enumerate(document.text.split("\n"), start=document.line):
        filled = line
        if document.is_expanded and ("$" in line or "`" in line or "\\" in line):
            # A line with an escape is taken as it stands only where no variable is beside it.
            is_open = "`" in line or ("\\" in line and "$" in line)
            value = UNKNOWN_TEXT if is_open else expand(line, lookup)
            filled = value if isinstance(value, str) else UNKNOWN_TEXT
        pieces.append((number, f"{filled}\n"))
    return pieces


def joined(pieces: Pieces | None) -> tuple[str, list[int]]:
    """Give the text, and for each of its lines the one that writes it."""
    parts = []
    while pieces is not None:
        pieces, own = pieces
        parts.append(own)
    texts: list[str] = []
    numbers: list[int] = []
    is_begun = False
    for own in reversed(parts):
        for number, text in own:
            texts.append(text)
            lines = text.count("\n") + (not text.endswith("\n") and text != "")
            numbers += [number] * (lines - (is_begun and lines > 0))
            is_begun = not text.endswith("\n") if text else is_begun
    return "".join(texts), numbers


def _echoed(words: list[str]) -> str | None:
    options = ""
    while words and _OPTION.fullmatch(words[0]):
        options += words[0]
        words = words[1:]
    text = " ".join(words)
    if "\\" in text:
        if "e" not in options:
            return None  # whether echo reads escapes by itself depends on the shell
        text = _unescaped(text)
    return text if "n" in options else f"{text}\n"


def _formatted(form: str, arguments: list[str]) -> str:
    kinds = [kind for kind in _DIRECTIVE.findall(form) if kind != "%"]
    if any(kind != "s" for kind in kinds) or form.startswith("-"):
        return f"{UNKNOWN_TEXT}\n"
    times = max(1, -(-len(arguments) // len(kinds))) if kinds else 1
    if times * len(form) > _MOST_CHARS:
        return f"{UNKNOWN_TEXT}\n"
    left = iter(arguments)

    def fill(matched: re.Match[str]) -> str:
        return "%" if matched[1] == "%" else next(left, "")

    bare = _unescaped(form)
    return "".join(_DIRECTIVE.sub(fill, bare) for _ in range(times))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda matched: _ESCAPED.get(matched[1], UNKNOWN_TEXT), text)
