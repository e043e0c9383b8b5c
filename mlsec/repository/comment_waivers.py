"""``mlsec:ignore`` in comments: where it stands, and which block of code it is meant for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mlsec.collect.code.code_file import FILE_TYPE, CodeFile, Language
from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.core.waiver_note import WaiverNote
from mlsec.repository.evidence import SERVICE, file_of
from mlsec.snapshot.store import Snapshot

MARK = "mlsec:ignore"
MAX_NOTES = 5_000
_OPENED = regex(r"(?P<before>.*?)(?:#|//|--|<!--|/\*)[ \t]*" + MARK + r"(?P<words>.*)")
_COMMENT = regex(r"\s*(?:#|//|<!--|/\*|-- )")
_CLOSED = regex(r"(?<!\s)\s*+(?:-->|\*/)\s*$")
_SEPARATOR = regex(r"---(?:\s|$)")
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
    for resource in resources:
        if resource.origin.file and resource.origin.line and resource.type != FILE_TYPE:
            heads[resource.scope, resource.origin.file].add(resource.origin.line)
    result: list[WaiverNote] = []
    for call in snapshot.calls():
        if call.service != SERVICE or not call.payload:
            continue
        if MARK.encode() not in snapshot.payload_bytes(call.payload):
            continue
        file = file_of(call, snapshot)
        lines = sorted(heads.get((call.scope, file.shown), ()))
        for note in _notes_of(file, call.scope, lines):
            if len(result) >= MAX_NOTES:
                problem = f"more than {MAX_NOTES:,} of them: the rest waives nothing"
                return (*result, _note(file, call.scope, note.line, "", problem=problem))
            result.append(note)
    return tuple(result)


def _notes_of(file: CodeFile, scope: str, heads: Sequence[int]) -> Iterator[WaiverNote]:
    lines = _Lines(file.language, file.text.split("\n"), heads)
    is_json = file.text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    for number, text in enumerate(lines.texts, start=1):
        if MARK not in text:
            continue
        if is_json:
            yield _note(file, scope, number, "", problem=_NO_COMMENTS)
            continue
        match = _OPENED.match(text)
        if match is None:
            continue  # it is spoken of, not said
        words = _CLOSED.sub("", match["words"].rstrip())
        if words and not words[0].isspace():
            yield _note(file, scope, number, "", problem="no space follows the word")
            continue
        meant = lines.meant(number, is_alone=not match["before"].strip())
        yield _note(file, scope, number, words, heads=meant)


class _Lines:
    """The lines of a file, asked from the top down; each is looked at a few times, not once a note.

    Lines are numbered from 1.
    """

    def __init__(self, language: Language, texts: Sequence[str], heads: Sequence[int]) -> None:
        self.texts = texts
        self._heads = heads
        self._is_yaml = language in _YAML
        self._is_nested = language in _NESTED
        self._separators: list[int] | None = None
        self._run = (0, 0)  # a run of comments: up to which line, and the line of code below it
        self._tops: dict[int, int] = {}  # a line -> the last one of the comments that follow it
        self._depth = (0, 0, 0)  # a head, up to which line, the least indentation between

    def meant(self, number: int, *, is_alone: bool) -> tuple[int, ...]:
        """Give the heads that a comment at a line is meant for."""
        target = self._next_code(number) if is_alone else number
        # At the top of a file it may be meant for the file as a whole.
        top = (1,) if is_alone and number <= self._top_after(0) else ()
        if self._is_head(target):
            return (*top, target)
        at = bisect_right(self._heads, number)
        if at and self._is_inside(self._heads[at - 1], number):
            return (*top, self._heads[at - 1])
        if self._is_yaml and is_alone:
            return (*top, *self._only_one_below(number))
        return top

    def _is_head(self, number: int) -> bool:
        at = bisect_right(self._heads, number)
        return at > 0 and self._heads[at - 1] == number

    def _next_code(self, number: int) -> int:
        """The line below a run of comments, 0 when there is none."""
        end, below = self._run
        if number > end:
            end = number
            while end < len(self.texts) and _COMMENT.match(self.texts[end]):
                end += 1
            has_code = end < len(self.texts) and bool(self.texts[end].strip())
            below = end + 1 if has_code else 0
            self._run = (end, below)
        return below

    def _top_after(self, line: int) -> int:
        """The last of the comments and blank lines that follow a line (0: the start)."""
        if line not in self._tops:
            last = line
            while last < len(self.texts) and (
                _COMMENT.match(self.texts[last]) or not self.texts[last].strip()
            ):
                last += 1
            self._tops[line] = last
        return self._tops[line]

    def _is_inside(self, head: int, number: int) -> bool:
        """Whether a line belongs to the block that begins at ``head``, the last one above it."""
        if not (self._is_yaml or self._is_nested):
            return True  # a Dockerfile's stage, a script's command: up to the next
        indent = _indent(self.texts[head - 1])
        if self._is_yaml and indent == 0:
            return self._separator_before(number) < head
        return self._least_indent(head, number) > indent

    def _least_indent(self, head: int, number: int) -> int:
        """The least indentation of the lines after ``head`` up to and with ``number``."""
        known, upto, least = self._depth
        if known != head or upto > number:
            upto, least = head, 1 << 30
        for text in self.texts[upto:number]:
            if text.strip():
                least = min(least, _indent(text))
        self._depth = (head, number, least)
        return least

    def _separator_before(self, number: int) -> int:
        """The last line ``---`` above a line, 0 for none."""
        at = bisect_right(self._all_separators(), number - 1)
        return self._all_separators()[at - 1] if at else 0

    def _all_separators(self) -> list[int]:
        if self._separators is None:
            self._separators = [
                n for n, text in enumerate(self.texts, start=1) if _SEPARATOR.match(text)
            ]
        return self._separators

    def _only_one_below(self, number: int) -> tuple[int, ...]:
        """The head of a YAML document at whose top the comment stands, if it has but one."""
        above = self._separator_before(number)
        if number > self._top_after(above):
            return ()
        at = bisect_right(self._all_separators(), number)
        separators = self._all_separators()
        below = separators[at] if at < len(separators) else len(self.texts) + 1
        first = bisect_right(self._heads, number)
        inside = self._heads[first : bisect_left(self._heads, below)]
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
