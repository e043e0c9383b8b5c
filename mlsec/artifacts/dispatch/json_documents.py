"""Reads JSON files: decodes them and judges each by its kind."""

from __future__ import annotations

import io
import json
import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import MOST_BYTES, has_wide_text, read_json
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.loaders import note_loader
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex

_START = regex(
    rb"(?:\xef\xbb\xbf)?[ \t\r\n]*"
    rb"(?:\{[ \t\r\n]*(?:\"|\}|\Z)|\[[ \t\r\n]*(?:[\"{\[\]\d-]|true|false|null))"
)
# A table of TOML: [[tool.uv.index]].
_TABLE = regex(rb"[ \t\r\n]*\[\[[A-Za-z_][\w.-]*\]\][ \t]*(?:#[^\n]*)?\r?\n")
# Settings that people write are not longer.
_SETTINGS_BYTES = 256 << 10
# Texts, comments, and a comma behind which nothing follows.
_OUTSIDE = regex(rb'"(?:[^"\\]|\\.|(?!))*+(?:"|\Z)|//[^\n]*|/\*|,(?=[ \t\r\n]*[}\]])', re.DOTALL)
_TEMPLATE = regex(rb'"\$schema"\s*:\s*"[^"]*deployment(?:Template|Parameters)\.json')


def sniff_json(head: bytes, _window: Window) -> bool:
    """Whether a file starts as JSON does, in any of the encodings that loaders accept."""
    if _TABLE.match(head):
        return False
    return bool(_START.match(head)) or has_wide_text(head)


def read_json_document(window: Window, record: Recorder) -> None:
    """Judge a JSON document by its shape.

    Raises:
        ArtifactError: no JSON.
        OverLimitError: too long or too deep.
    """
    data = window.read(0, MOST_BYTES + 1)
    try:
        value = read_json(data, record)
    except ArtifactError as error:
        if error.reason is GapReason.MALFORMED and _is_template(data):
            # Azure takes comments in it; no loader of models takes such a file at all.
            record.understood(0, window.size_bytes)
            return
        if _is_json_lines(data, record):
            record.property("json_lines", value=True)
            record.understood(0, window.size_bytes)
            return
        # Settings of editors and compilers have comments, which no loader of models takes.
        plain = _without_comments(data) if len(data) <= _SETTINGS_BYTES else data
        if plain == data:
            raise
        value = read_json(plain, record)
    record.understood(0, window.size_bytes)
    from mlsec.artifacts.dispatch.json_kinds import judge_document  # noqa: PLC0415 - it loads much

    note_loader(value, window.name, record)
    judge_document(value, record)


def _without_comments(data: bytes) -> bytes:
    """JSON without comments and last commas, as settings of TypeScript and editors have them."""
    parts, at = list[bytes](), 0
    while match := _OUTSIDE.search(data, at):
        token = match.group()
        is_text = token.startswith(b'"')
        end = data.find(b"*/", match.end()) + 2 if token == b"/*" else match.end()
        parts += (data[at : match.start()], token if is_text else b" ")
        at = max(end, match.end())
    return b"".join((*parts, data[at:]))


def _is_template(data: bytes) -> bool:
    return bool(_TEMPLATE.search(data[:4096]))


def _is_json_lines(data: bytes, record: Recorder) -> bool:
    """Whether every line is JSON by itself: a list of records, not a configuration."""
    count = 0
    try:
        for line in io.BytesIO(data):
            if line.strip():
                json.loads(line)
                count += 1
            if not count & 0xFFF:
                record.budget.check_time()
    except (ValueError, RecursionError):
        return False
    return count > 1
