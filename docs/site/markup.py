"""Text in the pages' Markdown: nothing that a rule says can format, link or break a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Entities rather than backslashes: they mean the same in a table, a heading and a paragraph.
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in "\\`*_{}[]|~^<>&$:#=+"})


def text(words: str) -> str:
    """Escape words for a paragraph, a heading or a cell, on one line."""
    return " ".join(words.split()).translate(_ENTITIES).replace("&#58; ", ": ")


def code(words: str) -> str:
    """Give words as code, also in the cell of a table."""
    flat = " ".join(words.split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for char in "*_`[]|\\~^{}$:":
        escaped = escaped.replace(char, f"&#{ord(char)};")
    return f"<code>{escaped}</code>" if flat else ""


def fence(words: str, language: str = "", title: str = "") -> str:
    """Give lines as a block of code, fenced with more ticks than stand in it."""
    ticks = "```"
    while ticks in words:
        ticks += "`"
    head = f"{ticks}{language}{f' title={chr(34)}{title}{chr(34)}' if title else ''}"
    return f"{head}\n{words.strip(chr(10))}\n{ticks}"


def link(title: str, target: str) -> str:
    """Link to another page; the title is Markdown already."""
    return f"[{title}]({target})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Give a table's lines, with an empty one behind it; nothing without rows."""
    lines = [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *lines, ""]


def tabs(parts: Iterable[tuple[str, str]]) -> list[str]:
    """Give blocks as tabs, one title each; a single one stands by itself."""
    several = list(parts)
    if len(several) == 1:
        return [several[0][1], ""]
    lines: list[str] = []
    for title, block in several:
        lines += [f'=== "{title}"', "", *(f"    {line}" for line in block.split("\n")), ""]
    return lines
