"""Functions on text."""

from __future__ import annotations

import re
from typing import Any

from mlsec.collect.code.budget import OverLimitError
from mlsec.iac.terraform.functions.patterns import (
    all_matches,
    filled,
    first_match,
    steps_of_all,
    steps_of_first,
)
from mlsec.iac.terraform.functions.spec import Function, items, room, text, whole
from mlsec.iac.terraform.values import (
    Encoded,
    Joined,
    Value,
    is_symbolic,
    join_text,
    number_text,
    why_hidden,
)

# A text so long does not stand in a name by chance.
_MARKER = 6
_VERB = re.compile(r"%(?:%|(?:\[(\d{1,3})\])?([-+ 0#]*+)(\d*+)(?:\.(\d*+))?([a-zA-Z]))")
# Of a width or a precision.
_MOST_DIGITS = 3


def _format(spec: Value, *given: Value) -> Value:
    made: list[Value] = []
    at, end, size = 0, 0, 0
    form = text(spec)
    for match in _VERB.finditer(form):
        made.append(_no_verb(form[end : match.start()]))
        end = match.end()
        if match.group() == "%%":
            made.append("%")
            continue
        index, flags, width, precision, verb = match.groups()
        at = int(index) if index else at + 1
        value = given[at - 1]
        if not isinstance(value, (str, int, float, bool)):
            if value is None or isinstance(value, (list, dict)) or verb not in "sv":
                raise TypeError(f"an argument that %{verb} cannot show")
            made.append(value)
            continue
        made.append(_shown(value, flags, width, precision, verb))
        size += len(made[-1])
        room(chars=size)
    made.append(_no_verb(form[end:]))
    return join_text(made)


def _no_verb(piece: str) -> str:
    if "%" in piece:
        raise ValueError("a verb that is not known")
    return piece


def _shown(value: Value, flags: str, width: str, precision: str | None, verb: str) -> str:
    if max(len(width), len(precision or "")) > _MOST_DIGITS:
        raise OverLimitError("text of a very large width")
    if verb in "sv":
        shown = text(value) if not isinstance(value, float) else number_text(value)
        shown = shown[: int(precision)] if precision else shown
    elif verb == "q":
        shown = '"' + text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif verb == "t":
        shown = text(value)
    elif verb in "dbox" or verb == "X":
        sign = "+" if "+" in flags else ""
        shown = format(whole(value), f"{sign}{verb}")
    elif verb in "feEgG":
        shown = format(float(text(value)), f".{precision or 6}{verb}")
    else:
        raise ValueError(f"there is no verb %{verb}")
    wide = int(width or 0)
    if "-" in flags:
        return shown.ljust(wide)
    return shown.zfill(wide) if "0" in flags and verb not in "svq" else shown.rjust(wide)


def _formatlist(spec: Value, *given: Value) -> Value:
    lengths = {len(item) for item in given if isinstance(item, list)}
    if len(lengths) > 1:
        raise ValueError("lists of different lengths")
    count = lengths.pop() if lengths else 1
    made, size = [], 0
    for at in range(count):
        text_ = _format(spec, *(item[at] if isinstance(item, list) else item for item in given))
        size += len(text_) if isinstance(text_, str) else 0
        room(chars=size)
        made.append(text_)
    return made


def _format_steps(spec: Value, *given: Value) -> int:
    lengths = (len(item) for item in given if isinstance(item, list))
    return max(lengths, default=1) * (1 + len(spec) // 4) if isinstance(spec, str) else 0


def _trim_steps(value: Value, characters: Value) -> int:
    return len(text(value)) * len(text(characters)) // 4096


def _join(separator: Value, *lists: Value) -> Value:
    parts = [item for given in lists for item in items(given)]
    between = text(separator)
    room(chars=len(between) * len(parts))
    made: list[Value] = []
    for part in parts:
        made += [between, part]
    return join_text(made[1:])


def _replace(value: Value, search: Value, replacement: Value) -> Value:
    wanted = text(search)
    if is_symbolic(value) or is_symbolic(replacement):
        return _replace_around(value, wanted, replacement)
    subject, new = text(value), text(replacement)
    if len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        return _replace_matches(subject, wanted[1:-1], new)
    room(chars=len(subject) + (subject.count(wanted) if wanted else 0) * len(new))
    return subject.replace(wanted, new) if wanted else subject


def _replace_matches(subject: str, pattern: str, new: str) -> str:
    made, end, size = [], 0, len(subject)
    for match in all_matches(pattern, subject):
        piece = filled(new, match)
        made += [subject[end : match.start()], piece]
        end, size = match.end(), size + len(piece)
        room(chars=size)
    return "".join([*made, subject[end:]])


def _replace_around(value: Value, wanted: str, new: Value) -> Value:
    """Replace a marker in text that is not all known: what is not known does not hold it."""
    if len(wanted) < _MARKER or wanted[0] == wanted[-1] == "/":
        return why_hidden(value if is_symbolic(value) else new)
    if isinstance(value, Encoded):
        return Encoded(_replace_within(value.value, wanted, new))
    made: list[Value] = []
    for part in value.parts if isinstance(value, Joined) else (value,):
        pieces = part.split(wanted) if isinstance(part, str) else [part]
        for piece in pieces:
            made += [new, piece]
        made.pop(-2 * len(pieces))
    return join_text(made)


def _replace_within(value: Value, wanted: str, new: Value) -> Value:
    if isinstance(value, dict):
        return {
            key.replace(wanted, new) if isinstance(new, str) else key: _replace_within(
                entry, wanted, new
            )
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_replace_within(item, wanted, new) for item in value]
    return _replace_around(value, wanted, new) if isinstance(value, (str, Joined)) else value


def _groups(match: Any) -> Value:
    if match.re.groupindex:
        return dict(match.groupdict())
    return list(match.groups()) if match.re.groups else str(match.group())


def _regex(pattern: Value, value: Value) -> Value:
    match = first_match(text(pattern), text(value))
    if match is None:
        raise ValueError("the pattern does not match")
    return _groups(match)


def _regexall(pattern: Value, value: Value) -> Value:
    return [_groups(match) for match in all_matches(text(pattern), text(value))]


def _substr(value: Value, offset: Value, length: Value) -> Value:
    subject, start, count = text(value), whole(offset), whole(length)
    start = max(0, len(subject) + start) if start < 0 else start
    return subject[start:] if count < 0 else subject[start : start + count]


def _indent(spaces: Value, value: Value) -> Value:
    subject = text(value)
    room(chars=len(subject) + subject.count("\n") * max(0, whole(spaces)))
    return subject.replace("\n", "\n" + " " * whole(spaces))


def _split(separator: Value, value: Value) -> Value:
    subject, by = text(value), text(separator)
    return subject.split(by) if by else list(subject)


def _without(value: Value, affix: Value, *, at_end: bool) -> str:
    subject = text(value)
    return subject.removesuffix(text(affix)) if at_end else subject.removeprefix(text(affix))


def _regex_steps(pattern: Value, value: Value) -> int:
    return steps_of_first(text(pattern), text(value))


def _regexall_steps(pattern: Value, value: Value) -> int:
    return steps_of_all(text(pattern), text(value))


def _replace_steps(value: Value, search: Value, _: Value) -> int:
    wanted = text(search)
    is_pattern = len(wanted) > 1 and wanted[0] == wanted[-1] == "/" and isinstance(value, str)
    return _regexall_steps(wanted[1:-1], value) if is_pattern else 0


STRINGS: dict[str, Function] = {
    "chomp": Function(lambda s: text(s).rstrip("\r\n")),
    "endswith": Function(lambda s, end: text(s).endswith(text(end))),
    "format": Function(_format, symbols=True, steps=lambda spec, *_: _format_steps(spec)),
    "formatlist": Function(_formatlist, symbols=True, steps=_format_steps),
    "indent": Function(_indent),
    "join": Function(_join, symbols=True),
    "lower": Function(lambda s: text(s).lower()),
    "regex": Function(_regex, steps=_regex_steps),
    "regexall": Function(_regexall, steps=_regexall_steps),
    "replace": Function(_replace, symbols=True, steps=_replace_steps),
    "split": Function(_split),
    "startswith": Function(lambda s, start: text(s).startswith(text(start))),
    "strcontains": Function(lambda s, part: text(part) in text(s)),
    "strrev": Function(lambda s: text(s)[::-1]),
    "substr": Function(_substr),
    "title": Function(lambda s: re.sub(r"\b[a-z]", lambda m: m.group().upper(), text(s))),
    "trim": Function(lambda s, chars: text(s).strip(text(chars)), steps=_trim_steps),
    "trimprefix": Function(lambda s, part: _without(s, part, at_end=False)),
    "trimsuffix": Function(lambda s, part: _without(s, part, at_end=True)),
    "trimspace": Function(lambda s: text(s).strip()),
    "upper": Function(lambda s: text(s).upper()),
}
