"""``mlsec:ignore`` in comments: where it stands, and which block of code it is meant for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mlsec.collect.code.evidence import SERVICE, file_of
from mlsec.collect.code_file import FILE_TYPE, CodeFile, Language
from mlsec.core.resource import Resource
from mlsec.core.waiver_note import WaiverNote
from mlsec.snapshot.store import Snapshot

MARK = "mlsec:ignore"
MAX_NOTES = 5_000
_OPENED = re.compile(r"(?P<before>.*?)(?:#|//|--|<!--|/\*)[ \t]*" + MARK + r"(?P<words>.*)")
_COMMENT = re.compile(r"\s*(?:#|//|<!--|/\*|-- )")
_CLOSED = re.compile(r"\s*(?:-->|\*/)\s*$")
_SEPARATOR = re.compile(r"---(?:\s|$)")
# Where a block ends with its bracket, or with less indentation.
_NESTED = frozenset({Language.TERRAFORM, Language.BICEP, Language.TERRAFORM_VALUES})
_YAML = frozenset({
    Language.KUBERNETES, Language.COMPOSE, Language.CLOUDFORMATION, Language.HELM_TEMPLATE,
    Language.KUSTOMIZATION,
})  # fmt: skip
_NO_COMMENTS = "JSON has no comments, so it waives nothing here; use a waivers file"


def waiver_notes(snapshot: Snapshot, resources: Iterable[Resource]) -> tuple[WaiverNote, ...]:
    """Find them in the code that a snapshot keeps; at most MAX_NOTES, the last one says so."""
    heads: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in resources:
        if one.origin.file and one.origin.line and one.type != FILE_TYPE:
            heads[one.scope, one.origin.file].add(one.origin.line)
    found: list[WaiverNote] = []
    for call in snapshot.calls():
        if call.service != SERVICE or not call.payload:
            continue
        if MARK.encode() not in snapshot.payload_bytes(call.payload):
            continue
        file = file_of(call, snapshot)
        lines = sorted(heads.get((call.scope, file.shown), ()))
        for note in _notes_of(file, call.scope, lines):
            if len(found) >= MAX_NOTES:
                problem = f"more than {MAX_NOTES:,} of them: the rest waives nothing"
                return (*found, _note(file, call.scope, note.line, "", problem=problem))
            found.append(note)
    return tuple(found)


def _notes_of(file: CodeFile, scope: str, heads: Sequence[int]) -> Iterator[WaiverNote]:
    lines = file.text.split("\n")
    is_json = file.text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    for number, text in enumerate(lines, start=1):
        if MARK not in text:
            continue
        if is_json:
            yield _note(file, scope, number, "", problem=_NO_COMMENTS)
            continue
        found = _OPENED.match(text)
        if found is None:
            continue  # it is spoken of, not said
        words = _CLOSED.sub("", found["words"].rstrip())
        if words and not words[0].isspace():
            yield _note(file, scope, number, "", problem="no space follows the word")
            continue
        is_alone = not found["before"].strip()
        meant = _meant(file, lines, number, heads, is_alone=is_alone)
        yield _note(file, scope, number, words, heads=meant)


def _meant(
    file: CodeFile, lines: Sequence[str], number: int, heads: Sequence[int], *, is_alone: bool
) -> tuple[int, ...]:
    """Give the heads that a comment at a line is meant for."""
    target = _next_code(lines, number) if is_alone else number
    top = (1,) if is_alone and _is_at_top(lines, number) else ()  # the file as a whole
    if target in heads:
        return (*top, target)
    at = bisect_right(heads, number)
    if at and _is_inside(file.language, lines, heads[at - 1], number):
        return (*top, heads[at - 1])
    if file.language in _YAML and is_alone:
        return (*top, *_only_one_below(lines, number, heads))
    return top


def _next_code(lines: Sequence[str], number: int) -> int:
    """The line below a run of comments, 0 when there is none."""
    at = number
    while at < len(lines) and _COMMENT.match(lines[at]):
        at += 1
    return at + 1 if at < len(lines) and lines[at].strip() else 0


def _is_at_top(lines: Sequence[str], number: int) -> bool:
    before = lines[: number - 1]
    return all(_COMMENT.match(line) or not line.strip() for line in before)


def _is_inside(language: Language, lines: Sequence[str], head: int, number: int) -> bool:
    """Whether a line belongs to the block that begins at ``head``, the last one above it."""
    if language in _YAML or language in _NESTED:
        indent = _indent(lines[head - 1])
        between = lines[head : number - 1]
        if language in _YAML and indent == 0:
            return not any(map(_SEPARATOR.match, between))
        deeper = (line for line in (*between, lines[number - 1]) if line.strip())
        return all(_indent(line) > indent for line in deeper)
    return True  # a Dockerfile's stage, a script's command: up to the next


def _only_one_below(lines: Sequence[str], number: int, heads: Sequence[int]) -> tuple[int, ...]:
    """The head of a YAML document at whose top the comment stands, if it has but one."""
    above = next((n for n in range(number - 1, 0, -1) if _SEPARATOR.match(lines[n - 1])), 0)
    if not all(_COMMENT.match(line) or not line.strip() for line in lines[above : number - 1]):
        return ()
    below = number
    while below < len(lines) and not _SEPARATOR.match(lines[below]):
        below += 1
    inside = [head for head in heads if number < head <= below]
    return (inside[0],) if len(inside) == 1 else ()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _note(
    file: CodeFile,
    scope: str,
    line: int,
    words: str,
    *,
    heads: tuple[int, ...] = (),
    problem: str = "",
) -> WaiverNote:
    return WaiverNote(
        scope=scope, file=file.shown, line=line, words=words, heads=heads, problem=problem
    )
