"""From a comment in the code to a waiver: all that one must say, or a notice and no waiver."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from mlsec.core.regex import regex
from mlsec.core.suggestions import did_you_mean
from mlsec.core.waiver_note import WaiverNote
from mlsec.engine.waivers.waivers import Waiver

NO_OWNER = "not named"
FORM = "mlsec:ignore RULE until=YYYY-MM-DD reason=..."
_KEYS = ("until", "owner", "ticket", "reason")
_RULE = regex(r"[A-Za-z0-9_*?][A-Za-z0-9_*?/:.-]*")
_NEXT_KEY = regex(r"(?<!\s)\s++(?=[A-Za-z_]++=)")
_DAY = regex(r"\d{4}-\d{2}-\d{2}")
_REASON_CHARS = 1_000
_NOTICES = 50


def comment_waivers(notes: Iterable[WaiverNote]) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Read each comment.

    Returns:
        The waivers, and one notice for each comment that waives nothing since it is malformed.
    """
    waivers, notices = [], []
    for note in notes:
        result = _read(note)
        if isinstance(result, Waiver):
            waivers.append(result)
        else:
            notices.append(f"{note.file}:{note.line}: this mlsec:ignore waives nothing: {result}")
    more = len(notices) - _NOTICES
    rest = (f"and {more:,} more mlsec:ignore that waive nothing",) if more > 0 else ()
    return tuple(waivers), (*notices[:_NOTICES], *rest)


def _read(note: WaiverNote) -> Waiver | str:
    """Give the waiver, or what is wrong with it."""
    if note.problem:
        return note.problem
    rule, *rest = note.words.strip().split(None, 1) or [""]
    if not _RULE.fullmatch(rule) or rule.partition("=")[0] in _KEYS:
        return f"it names no rule; the form is {FORM}"
    said: dict[str, str] = {}
    for part in _NEXT_KEY.split(rest[0].strip()) if rest else ():
        key, is_pair, value = part.partition("=")
        if not is_pair or key not in _KEYS:
            return f'"{part[:60]}" is not part of the form {FORM}{did_you_mean(key, _KEYS)}'
        if key in said:
            return f'it says "{key}=" twice'
        said[key] = _unquoted(value.strip())
    for key in ("until", "reason"):
        if not said.get(key):
            return f'it has no "{key}="; the form is {FORM}'
    day = _day(said["until"])
    if day is None:
        return f'"{said["until"][:30]}" is not a day such as 2027-01-31'
    if len(said["reason"]) > _REASON_CHARS:
        return f"its reason is longer than {_REASON_CHARS:,} characters"
    place = f"{note.file}:{note.line}"
    return Waiver(
        id=place,
        rule=rule,
        resource=place,
        reason=said["reason"],
        owner=said.get("owner") or NO_OWNER,
        ticket=said.get("ticket", ""),
        expires=day,
        place=place,
        spots=tuple((note.scope, note.file, head) for head in note.heads),
    )


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
