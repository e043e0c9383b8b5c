"""The page that the text report is written on: its width, and whether it has colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mlsec.core.enums import Severity
from mlsec.render.settings import RenderSettings

BOLD = "1"
DIM = "2"
COLOUR = {
    Severity.CRITICAL: "1;35",
    Severity.HIGH: "1;31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}


class Page:
    """Lines in the making: colour or none, wrapped to the width."""

    def __init__(self, settings: RenderSettings) -> None:
        self.has_colour = settings.has_colour
        self.is_brief = settings.is_brief
        self.is_verbose = settings.is_verbose
        self.sources = settings.view.sources
        self.view = settings.view
        self.width = max(80, settings.width_chars or 100)

    def paint(self, text: str, code: str) -> str:
        """Colour a text by its SGR code, where the page has colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.has_colour else text

    def wrap(self, text: str, first: str, rest: str) -> Iterator[str]:
        """Wrap running text; never inside a word, so that ids can be copied whole."""
        yield from textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]
