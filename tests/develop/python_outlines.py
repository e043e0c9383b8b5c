"""Reads classes and functions out of Python and Cython source by its indentation: nothing is run.

Releases of ten years ago are written for Pythons that no parser of today takes, so the text is not
parsed: strings and comments are blanked, and what begins with ``class`` or ``def`` ends where the
indentation does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_STRINGS = re.compile(
    r"#[^\n]*|(\"\"\"|''')(?:\\.|.)*?\1|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)
_INNER = r"(?:[^()]|\([^()]*\))*"
_CLASS = re.compile(
    rf"^([ \t]*)(?:cdef +|cpdef +)?(?:public +|api +|final +)*class +(\w+) *(?:\(({_INNER})\))? *:",
    re.MULTILINE,
)
_FUNCTION = re.compile(
    r"^([ \t]*)(?:async +)?(?:def|cdef|cpdef) +(?!class\b|enum\b|struct\b|extern\b)(?:inline +)?"
    r"(?:[\w.\[\]:*, ]+? +\**)?(\w+) *\(",
    re.MULTILINE,
)
_NAMED_TUPLE = re.compile(r"^(\w+) *= *(?:collections\.)?namedtuple\(\s*['\"](\w+)", re.MULTILINE)
_RETURNED = re.compile(r"\breturn +\(? *(\w+) *,")
_IMPORTED = re.compile(r"^[ \t]*(?:from +[\w.]+ +c?import +)(\([^)]*\)|[^\n(]*)", re.MULTILINE)
_CONTINUES = (")", "]", "}")


class ClassOutline(NamedTuple):
    """One class: the words among its bases, and the source of its methods by name."""

    name: str
    bases: frozenset[str]
    methods: dict[str, str]


class Outline(NamedTuple):
    """One module: its classes by qualified name, its functions' source, what reducers return, and
    the names that it imports from others.
    """

    classes: dict[str, ClassOutline]
    functions: dict[str, str]
    returned: frozenset[str]
    imported: frozenset[str]


def outline(text: str) -> Outline:
    """Read one module."""
    text = text.expandtabs().replace("\r\n", "\n").replace("\r", "\n")
    tuples = {name for name, said in _NAMED_TUPLE.findall(text) if name == said}
    text = _STRINGS.sub(_blanked, text)
    starts = [*_heads(text)]
    classes = {name: ClassOutline(name, frozenset({"tuple"}), {}) for name in tuples}
    functions: dict[str, str] = {}
    returned: set[str] = set()
    open_: list[tuple[int, str, bool]] = []
    for at, indent, name, bases in sorted(starts, key=lambda start: start[:2]):
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        if all(is_class for _, _, is_class in open_):
            owner = ".".join(one for _, one, _ in open_)
            if bases is not None:
                whole = f"{owner}.{name}" if owner else name
                before = classes.get(whole)
                words = frozenset(re.findall(r"\w+", bases))
                known = before.bases | words if before else words
                classes[whole] = ClassOutline(whole, known, before.methods if before else {})
            else:
                body = _block(text, at, indent)
                home = classes[owner].methods if owner else functions
                home[name] = home.get(name, "") + body  # defined twice: both may be the one
                if name in ("__reduce__", "__reduce_ex__"):
                    returned |= set(_RETURNED.findall(body))
        open_.append((indent, name, bases is not None))
    imported = frozenset(re.findall(r"\w+", " ".join(_IMPORTED.findall(text))))
    return Outline(classes, functions, frozenset(returned), imported)


def _heads(text: str) -> Iterator[tuple[int, int, str, str | None]]:
    for match in _CLASS.finditer(text):
        yield match.start(), len(match[1]), match[2], match[3] or ""
    for match in _FUNCTION.finditer(text):
        yield match.start(), len(match[1]), match[2], None


def _block(text: str, start: int, indent: int) -> str:
    end = text.find("\n", start)
    while 0 <= end < len(text):
        after = text.find("\n", end + 1)
        line = text[end + 1 : after if after >= 0 else len(text)]
        bare = line.lstrip()
        if bare and len(line) - len(bare) <= indent and not bare.startswith(_CONTINUES):
            return text[start:end]
        if after < 0:
            break
        end = after
    return text[start:]


def _blanked(match: re.Match[str]) -> str:
    if match[1]:
        return '""' + "\n" * match[0].count("\n")
    return "" if match[0][0] == "#" else match[0]
