"""What a script writes to other files: the lines of its heredocs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

_HEREDOC = re.compile(r"(?<!<)<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)[\"']?")


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """One heredoc: ``head`` is the line of the command, ``line`` the number of its first own one.

    ``is_expanded``: the shell fills in variables and what commands print.
    """

    head: str
    line: int
    text: str
    is_expanded: bool


def heredocs(text: str) -> Iterator[Heredoc]:
    """Give the heredocs of a script; tabs before the lines of ``<<-`` are gone."""
    lines = text.splitlines()
    for match, start, end in _bodies(lines):
        body = lines[start : end - 1]
        if match[1]:
            body = [line.lstrip("\t") for line in body]
        yield Heredoc(
            head=lines[start - 1],
            line=start + 1,
            text="\n".join(body),
            is_expanded=not match[2],
        )


def without_heredocs(text: str) -> str:
    """Blank what a script writes to other files; every line keeps its number."""
    lines = text.splitlines()
    for _, start, end in _bodies(lines):
        lines[start:end] = [""] * (end - start)
    return "\n".join(lines)


def with_heredocs(text: str, change: Callable[[str], str]) -> str:
    """Give a script with the lines of each heredoc changed; ``change`` keeps their number."""
    if "<<" not in text:
        return text
    lines = text.split("\n")
    for _, start, end in _bodies(lines):
        lines[start:end] = change("\n".join(lines[start:end])).split("\n")
    return "\n".join(lines)


def _bodies(lines: Sequence[str]) -> Iterator[tuple[re.Match[str], int, int]]:
    """Give where each heredoc begins, its first line and the one behind the word that ends it."""
    number = 0
    while number < len(lines):
        line = lines[number]
        is_code = "<<" in line and not line.lstrip().startswith("#")
        match = _HEREDOC.search(line) if is_code else None
        number += 1
        if match is None:
            continue
        start = number
        while number < len(lines) and lines[number].strip() != match[3]:
            number += 1
        number = min(number + 1, len(lines))
        if number > start:
            yield match, start, number
