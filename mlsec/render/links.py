"""Which references may become links: https to a plain address, nothing else."""

from __future__ import annotations

import re

_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?")


def is_link(text: str) -> bool:
    """Say whether the text is an https address without user part or odd characters."""
    return _LINK.fullmatch(text) is not None
