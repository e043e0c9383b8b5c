"""The nearest known word, for messages about an unknown one."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Give ``; did you mean "X"?`` for the nearest known word, or "" when none is near."""
    import difflib  # noqa: PLC0415 - only for a mistake

    text = str(word)
    names = sorted(set(known))
    longer = [name for name in names if len(text) > 2 and name.startswith(text)]
    close = difflib.get_close_matches(text, longer, n=1, cutoff=0.1)
    close = close or difflib.get_close_matches(text, names, n=1, cutoff=0.6)
    if not close:
        lower = {name.lower(): name for name in names}
        close_lower = difflib.get_close_matches(text.lower(), lower, n=1, cutoff=0.5)
        close = [lower[name] for name in close_lower]
    return f'; did you mean "{close[0]}"?' if close else ""
