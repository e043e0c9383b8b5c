"""Judges what a format only carries: texts and bytes that no loader of it looks into.

A field whose meaning is not known must not pass as clean without a look at its content.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import FarSource, Window
from mlsec.artifacts.content.code_blobs import find_code, note_code
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.embedded.metadata_text import judge_metadata, old_pickle_in
from mlsec.artifacts.embedded.recognition import (
    CODE,
    HEAD_BYTES,
    SHORTEST_BYTES,
    decoded,
    holds_loadable,
    may_begin,
)
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# Shorter ones are words of a vocabulary, or numbers.
SHORTEST_TEXT = 9
READ_BYTES = 1 << 20
DEEP, STEPS = 12, 20_000
# How many beginnings are looked at; from a store each may be a request of its own.
LOOKED_AT, LOOKED_AT_NEAR = 16, 10_000
# What is Python and nothing else, as a value that some loader evaluates.
_PROGRAM = regex(
    r"\b__import__\s*\(|\b(?:os|posix)\.(?:system|popen|exec[lv]\w*)\s*\("
    r"|\A\s*(?:os|posix|nt)\.(?:system|popen)\s*\Z|\bsubprocess\.(?:Popen|run|call|check_\w+)\s*\("
    r"|\A\s*(?:subprocess\.\w+|(?:builtins|__builtin__)\.(?:eval|exec|compile|__import__)"
    r"|importlib\.import_module|runpy\.run_\w+|pty\.spawn|pickle\.loads?)\s*\Z"
    r"|(?:\A|[=:,(;]|lambda[^:]{0,40}:)\s*(?:exec|eval)\s*\(|\bpickle\.loads\s*\(|\bb64decode\s*\("
    r"|\b__(?:reduce(?:_ex)?|builtins|globals|subclasses)__|/dev/tcp/|(?:\.\./){3,}(?:etc|root|proc)(?:/|\Z)"
    r"|\A(?:file://)?(?:\.\./)*/?(?:etc/(?:passwd|shadow|sudoers|cron|ssh)|proc/self|root/\.ssh)"
)


def judge_bytes(window: Window, where: str, record: Recorder, *, offset: int = -1) -> bool:
    """Read bytes as a member, if they begin like something that can be loaded; gives whether."""
    head = window.read(0, HEAD_BYTES) if window.size_bytes >= SHORTEST_BYTES else b""
    if not holds_loadable(head, window):
        return False
    code = find_code(window.read(0, READ_BYTES)) if head[:5] in CODE else None
    if code is not None:
        note_code(record, code, where, offset=offset)
    else:
        record.member(where[:100], window)
    return True


def judge_long(window: Window, where: str, record: Recorder, *, offset: int = -1) -> None:
    """Judge a text or bytes of any length, such as a vocabulary: what it begins with and holds."""
    if judge_bytes(window, where, record, offset=offset):
        return
    search_inside(window, record, where)


def judge_beginnings(window: Window, spans: Sequence[tuple[int, int]], record: Recorder) -> None:
    """Look at how the first of some (offset, size) begin that are said to be numbers."""
    most = LOOKED_AT if isinstance(window.source, FarSource) else LOOKED_AT_NEAR
    if len(spans) > most:
        detail = f"of {len(spans)} runs of numbers how the first {most} begin was looked at"
        record.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)
    first = [span for span in spans[:most] if span[1] >= SHORTEST_BYTES]
    window.prefetch([(offset, min(16, size_bytes)) for offset, size_bytes in first])
    for offset, size_bytes in first:
        if offset + size_bytes <= window.size_bytes and may_begin(window.read(offset, 16)):
            part = window.part(offset, size_bytes)
            judge_bytes(part, f"(numbers at {offset})", record, offset=offset)


def judge_value(data: bytes, where: str, record: Recorder, *, offset: int = -1) -> None:
    """Judge one text or run of bytes."""
    if len(data) < SHORTEST_BYTES or judge_bytes(Window.of(data), where, record, offset=offset):
        return
    if len(data) < SHORTEST_TEXT or b"\0" in data[:HEAD_BYTES]:
        return
    if inner := decoded(data):
        judge_bytes(Window.of(inner), where, record, offset=offset)
        return
    judge_metadata(data.decode("utf-8", "replace"), where, record, offset=offset)


def judge_setting(text: str, where: str, record: Recorder) -> None:
    """Judge a text of some settings: steps of a build and paths are what one expects there."""
    data = text.encode("utf-8", "replace")
    if judge_bytes(Window.of(data), where, record):
        return
    if inner := decoded(data):
        judge_bytes(Window.of(inner), where, record)
    elif inner := old_pickle_in(text):
        record.member(where[:100], Window.of(inner))
        return
    record.in_part(f"the setting {where!r:.80}", READ_BYTES, len(data))
    if match := _PROGRAM.search(text, 0, READ_BYTES):
        detail = f"the setting {where!r:.80} is code that something must mean to run"
        record.fact(FactKind.EMBEDDED_CODE, match.group()[:80], detail, danger=Severity.MEDIUM)


def judge_field(wire: Wire, field: Field, where: str, record: Recorder) -> None:
    """Judge a field of a message whose meaning is not known, and all that may be fields in it."""
    left = [(field, 0)]
    for _ in range(STEPS):
        if not left:
            return
        result, depth = left.pop()
        size_bytes = result.end - result.start
        if size_bytes < SHORTEST_BYTES:
            continue
        if size_bytes > READ_BYTES:
            part = wire.window.part(result.start, size_bytes)
            if not judge_bytes(part, where, record, offset=result.start):
                search_inside(part, record, where)
            continue
        inner = _inside(wire, result) if depth < DEEP else []
        if inner:
            left += [(part, depth + 1) for part in inner if part.wire == BYTES]
        else:
            judge_value(wire.raw(result), where, record, offset=result.start)
    detail = f"{where} holds more than {STEPS} fields of no known meaning"
    record.unread(GapReason.OVER_LIMIT, detail, danger=Severity.LOW)


def judged_fields(
    wire: Wire, field: Field, numbers: set[int], plain: set[int] | None, record: Recorder
) -> Iterator[Field]:
    """The fields of these numbers; others that are not ``plain`` are judged here and now."""
    for inner in wire.inside(field):
        if inner.wire != BYTES:
            continue
        if inner.number in numbers:
            yield inner
        elif plain is not None and inner.number not in plain:
            judge_field(wire, inner, f"field {inner.number}", record)


def _inside(wire: Wire, field: Field) -> list[Field]:
    """The fields of what may be a message; none where it is not."""
    head = wire.raw(field, HEAD_BYTES)
    if holds_loadable(head, wire.window.part(field.start, field.end - field.start)):
        return []
    try:
        # One more than are followed: that there were too many must show.
        return list(itertools.islice(wire.inside(field), STEPS + 1))
    except ArtifactError:
        return []
