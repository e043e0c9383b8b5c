"""The scripts that machines run when they start, where Terraform holds them in a heredoc."""

from __future__ import annotations

import re

from mlsec.core.regex import regex

_WORD = regex(r"-?[ \t]*\"?([A-Za-z_]\w{0,60})\"?[ \t]*")
_SHELL = regex(r"[ \t]*#![ \t]*/(?:usr/)?bin/(?:env[ \t]+)?(?:ba|da|z)?sh\b")


def startup_scripts(text: str) -> str:
    """Give a text with as many lines, of which only heredocs that begin as shell scripts are left.

    What such a text says by itself decides, not the argument that it is given to: ``user_data``,
    ``metadata_startup_script``, an entry of ``metadata``.
    """
    lines = text.split("\n")
    kept = [""] * len(lines)
    number = 0
    while number < len(lines):
        begins = _begins(lines[number])
        number += 1
        if begins is None:
            continue
        first = number
        while number < len(lines) and lines[number].strip() != begins[1]:
            number += 1
        if first < number < len(lines) and _SHELL.match(lines[first]):
            kept[first:number] = (line.lstrip() for line in lines[first:number])
    return "\n".join(kept) if any(kept) else ""


def _begins(line: str) -> re.Match[str] | None:
    """Give the word that ends the heredoc that an argument is set to."""
    argument, _, word = line.rpartition("<<")
    is_set = "=" in argument and "#" not in argument
    return _WORD.fullmatch(word) if is_set else None
