"""Fix commands as a person pastes them: filled from the finding, every value safe in a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mlsec.core.finding import Finding
from mlsec.core.fix_template import HOLE, ITEM, choice, holes, is_of_subject, subject_value
from mlsec.core.regex import regex
from mlsec.render.display import shown

Facts = Mapping[str, Sequence[str]]

_TOKEN = regex(r"\\.|['\"]|\$\(|\)|" + HOLE.pattern)
_LINE_END = regex(r"(?<!\\)\n")
# What has a meaning of its own inside of a quoted structure is not put into one.
_PLAIN = regex(r"[A-Za-z0-9_%+:./@()~#* -]+\Z")
# A value that a command line would take for an option or for a file to read.
_NOT_A_VALUE = ("-", "@", "file://", "fileb://")


def fill_command(template: str, finding: Finding) -> str:
    """Fill the holes of a command, each value quoted for where it stands.

    What is not known, or cannot be put there safely, becomes a marked choice (``<vpc-id>``). A
    line that names an item of a list is repeated for each item that failed.
    """
    facts: Facts = {} if isinstance(finding.facts, msgspec.UnsetType) else finding.facts
    lines = (
        filled
        for line in _LINE_END.split(template.strip())
        for filled in _repeated(line, finding, facts)
    )
    return "\n".join(lines)


def generic_command(template: str) -> str:
    """Show a fix command for no resource in particular: ``{name}`` becomes ``<name>``."""
    return HOLE.sub(lambda hole: choice(hole[1]), template)


def _repeated(line: str, finding: Finding, facts: Facts) -> Iterator[str]:
    listed = [hole for hole in holes(line) if ITEM in hole]
    if not listed:
        yield _filled(line, finding, facts)
        return
    count = max(len(facts.get(hole, ())) for hole in listed)
    seen = set()
    for index in range(max(count, 1)):
        of_item = {hole: facts.get(hole, ())[index : index + 1] for hole in listed}
        filled = _filled(line, finding, {**facts, **of_item})
        if filled not in seen:
            seen.add(filled)
            yield filled


def _filled(line: str, finding: Finding, facts: Facts) -> str:
    result, at = [], 0
    quotes = [""]
    for token in _TOKEN.finditer(line):
        result.append(line[at : token.start()])
        at = token.end()
        hole = token[1]
        if hole is None:
            _enter(token[0], quotes)
            result.append(token[0])
            continue
        if is_of_subject(hole):
            value = subject_value(hole, finding.resource)
            values: Sequence[str] = (value,) if value else ()
        else:
            values = facts.get(hole, ())
        is_word = _is_word(line, token.start(), at) and not quotes[-1]
        result.append(_placed(hole, values, quotes[-1], is_word=is_word))
    return "".join((*result, line[at:]))


def _enter(sign: str, quotes: list[str]) -> None:
    """Follow the quotes of a shell: ``quotes`` has the open one of each nested command."""
    inside = quotes[-1]
    if sign in ("'", '"'):
        if inside == "":
            quotes[-1] = sign
        elif inside == sign:
            quotes[-1] = ""
    elif sign == "$(" and inside != "'":
        quotes.append("")
    elif sign == ")" and inside == "" and len(quotes) > 1:
        quotes.pop()


def _is_word(line: str, start: int, end: int) -> bool:
    """Whether a hole stands alone, with a blank or nothing on both sides."""
    return not line[start - 1 : start].strip() and not line[end : end + 1].strip()


def _placed(hole: str, values: Sequence[str], quote: str, *, is_word: bool) -> str:
    safe = [shown(value) for value in values]
    if not safe or any(_is_refused(value, is_word=is_word) for value in safe):
        return choice(hole)
    if is_word:
        return " ".join(shlex.quote(value) for value in safe)
    joined = ",".join(safe)
    return joined if quote else shlex.quote(joined)


def _is_refused(value: str, *, is_word: bool) -> bool:
    if not value:
        return True
    if is_word:
        return value.startswith(_NOT_A_VALUE)
    return _PLAIN.match(value) is None
