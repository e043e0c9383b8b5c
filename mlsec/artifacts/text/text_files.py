"""Reads the plain files of a repository: templates, model cards, lists of requirements."""

from __future__ import annotations

import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import read_text, sniff_text
from mlsec.artifacts.embedded.contents import judge_bytes
from mlsec.artifacts.embedded.recognition import decoded
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.requirement_lines import ELSEWHERE, judge_line
from mlsec.artifacts.templates.names import MOST_CHARACTERS, SUSPECT_TEXT
from mlsec.core.enums import GapReason
from mlsec.core.long_data import search_long
from mlsec.core.regex import regex

SNIFFED_BYTES, LISTED_BYTES = 1 << 20, 16 << 20
_BLOCK = regex(
    r"\{%[-+]?\s*(?:if|for|set|macro|include|import|extends|from|block|with|filter|call|raw|do)\b"
)
# What ``SUSPECT_TEXT`` finds, and more: a blank of Unicode has several bytes.
_MAYBE_SUSPECT = regex(
    rb"__[\w\x80-\xff]|\|[^\w|]*attr\b|\bpopen\b|\bos[^\w.]*\.\W*system|\bsubprocess\b"
    rb"|\bimport_module\b|_TemplateRef"
)
MOST_INSIDE = 2000
_CHAT = regex(r"\bmessages\b|add_generation_prompt|\bmessage\s*[.\[]|\b[be]os_token\b")
_FRONT = regex(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_REQUIREMENT = regex(
    r"\s*+(?:#.*|-[-\w]+(?:[ =].*)?|[A-Za-z0-9][\w.-]*+(?:\[[\w, .-]*+\])?\s*+"
    r"(?:(?:[<>=!~]=?=?|@)\s*+\S.*|;.*)?|(?:git\+|https?:)\S+.*)?\s*\Z"
)
_VERSION = regex(r"[A-Za-z0-9][\w.-]*\s*(?:[=<>~!]=|@ )")


def sniff_template(head: bytes, window: Window) -> bool:
    """Whether a text is a Jinja template: by its name, or by what it does."""
    is_named = window.name.lower().endswith((".jinja", ".jinja2", ".j2"))
    # What was cut out of a longer field may end in the zeros that filled it up.
    head = head.rstrip(b"\0") if is_named else head
    if not sniff_text(head, window) or is_named:
        return is_named and sniff_text(head, window)
    if window.size_bytes > MOST_CHARACTERS:
        return False
    data = window.read(0, MOST_CHARACTERS)
    if b"{%" not in data and b"{{" not in data:
        return False
    text = data.decode("utf-8", "replace")
    if _BLOCK.search(text) and _CHAT.search(text):
        return True
    return search_long(_MAYBE_SUSPECT, data) is not None and _is_suspect(text)


def _is_suspect(text: str) -> bool:
    """Whether something between the braces of a text leads into Python's machinery."""
    return any(_is_between_braces(text, *match.span()) for match in SUSPECT_TEXT.finditer(text))


def _is_between_braces(text: str, start: int, end: int) -> bool:
    """Whether braces of a template are open at a place, and are closed soon behind it."""
    before = text[max(0, start - MOST_INSIDE) : start]
    opened = max(before.rfind("{{"), before.rfind("{%"))
    closed = max(before.rfind("}}"), before.rfind("%}"))
    return opened > closed and bool(re.search(r"[}%]\}", text[end : end + MOST_INSIDE]))


def read_template(window: Window, record: Recorder) -> None:
    """Judge the whole text as one template."""
    from mlsec.artifacts.templates.judge import judge_template  # noqa: PLC0415 - only for a template

    # At least one character more than is judged, so that the judge says that there are more.
    text = window.read(0, 4 * MOST_CHARACTERS + 4).decode("utf-8", "replace").rstrip("\0")
    is_chat = "chat" in window.name.lower() or bool(_CHAT.search(text))
    judge_template(text, record, window.name.rsplit("/", 1)[-1] or "the template", is_chat=is_chat)
    read_text(window, record)


def sniff_card(head: bytes, window: Window) -> bool:
    """Whether a text starts with a block of YAML between dashes and goes on as prose."""
    if not head.lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        return False
    match = _FRONT.match(window.read(0, SNIFFED_BYTES))
    return match is not None and match.end() < window.size_bytes


def read_card(window: Window, record: Recorder) -> None:
    """Read a model card: its licence, and what its settings would load.

    The prose is searched like a template, as a chat template may start with dashes too.
    """
    data = window.read(0, SNIFFED_BYTES)
    record.in_part("the text", SNIFFED_BYTES, window.size_bytes)
    match = _FRONT.match(data)
    if match is not None:
        from mlsec.artifacts.settings.yaml_nodes import judge_yaml  # noqa: PLC0415 - as above

        judge_yaml(match.group(1).decode("utf-8", "replace"), record)
        rest = data[match.end() :].decode("utf-8", "replace")
        if _BLOCK.search(rest) and _is_suspect(rest):
            from mlsec.artifacts.templates.judge import judge_template  # noqa: PLC0415 - only for a template

            judge_template(rest, record, "the text behind the dashes", is_chat=False)
    read_text(window, record)


def sniff_requirements(head: bytes, window: Window) -> bool:
    """Whether a text is a list of Python packages: by its name, or by what its lines are."""
    if not sniff_text(head, window):
        return False
    if "requirements" in window.name.lower():
        return True
    if window.size_bytes > SNIFFED_BYTES:
        return False
    lines = window.read(0, SNIFFED_BYTES).decode("utf-8", "replace").splitlines()
    # Most texts have a line early on that does not match.
    return all(_REQUIREMENT.match(line) for line in lines) and any(
        ELSEWHERE.match(line.strip()) or _VERSION.match(line) for line in lines
    )


def read_requirements(window: Window, record: Recorder) -> None:
    """Note packages that come from elsewhere than the usual index."""
    data = window.read(0, LISTED_BYTES)
    if window.size_bytes > LISTED_BYTES:
        detail = f"of the list of packages only the first {LISTED_BYTES >> 20} MiB were read"
        record.unread(GapReason.OVER_LIMIT, detail, start=LISTED_BYTES)
    if inner := decoded(data[:SNIFFED_BYTES]):
        judge_bytes(Window.of(inner), "(decoded)", record)
    for line in data.decode("utf-8", "replace").splitlines():
        judge_line(line, record)
    read_text(window, record)
