"""Foreign text made harmless for a terminal and a log."""

from __future__ import annotations

from mlsec.core.regex import regex

_UNSAFE = regex(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str, limit_chars: int = 0) -> str:
    """Show control, bidi and zero-width characters and lone surrogates as escapes.

    Args:
        text: any string from outside.
        limit_chars: cut to this many characters with an ellipsis; 0 for no limit.
    """
    if limit_chars and len(text) > limit_chars:
        text = text[: limit_chars - 1] + "…"
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
