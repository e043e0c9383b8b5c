"""Foreign text inside Markdown: escaped so that it can neither format, link, mention nor embed."""

from __future__ import annotations

import re

from mlsec.render.display import shown

_SPECIAL = re.compile(r"[\\`*_\[\]|~>$]|^[-+=]|(?<=^\d)[.)]")
_TICKS = re.compile(r"`+")


def markdown_text(text: str, limit_chars: int = 0) -> str:
    """Escape text for running Markdown: one line, no markup, no HTML, no mention, no autolink."""
    flat = " ".join(shown(text.replace("\n", " "), limit_chars).split())
    escaped = _SPECIAL.sub(r"\\\g<0>", flat.replace("&", "&amp;").replace("<", "&lt;"))
    # Entities keep https://... from linking by itself; the empty comments part what a code host
    # would read as a mention of a person or of an issue.
    unlinked = escaped.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
    return re.sub(r"([@#])(?=\w)", r"\1<!-- -->", unlinked)


def markdown_code(text: str, limit_chars: int = 0) -> str:
    """Give text as a code span, its fence longer than any run of ticks in it; safe in a table."""
    flat = " ".join(shown(text, limit_chars).split()).replace("|", "¦")
    if not flat:
        return "(empty)"
    longest = max((len(run) for run in _TICKS.findall(flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Give lines as a code block whose fence is longer than any run of ticks in it."""
    lines = "\n".join(shown(line) for line in text.strip("\n").split("\n"))
    longest = max((len(run) for run in _TICKS.findall(lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}"
