"""Decides from source text what an unpickler may make or call without harm; nothing is run.

The same questions as ``tests.corpus.suspicion`` asks of libraries that are installed. A base class
is every class of its name in the release: where one of them is risky, so are its heirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.corpus.suspicion import (
    BUILDS_CODE,
    DEEPEST,
    FAR_RISK,
    HOOKS,
    MOST_FOLLOWED,
    PATH_LIKE,
    REDUCER_NAME,
    REVIEWED,
    RISK,
)
from tests.develop.python_outlines import ClassOutline, Outline

ByName = Mapping[str, Sequence[tuple[Outline, ClassOutline]]]

_OWN_CALLS = re.compile(r"\b(?:self|cls)\.(\w+) *\(")
_CALLS = re.compile(r"(?<![\w.])(\w+) *\(")
_PARAMETERS = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_ENUMS = frozenset(("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))
_REVIEWED = frozenset(name.rpartition(".")[2] for name in REVIEWED)
_METHODS = re.compile(r"^[ \t]*(?:cdef|cpdef|def) ", re.MULTILINE)


def is_risky(
    module: Outline, found: ClassOutline, by_name: ByName, functions: Mapping[str, str]
) -> bool:
    """Making an instance without ``__init__``, or setting its state, runs what can harm."""
    if "type" in found.bases:
        return True  # a call of it makes a class, whose methods run later
    line = [*_line(module, found, by_name)]
    for home, owner in line:
        if owner.name in _REVIEWED:
            continue
        for hook in HOOKS:
            text = owner.methods.get(hook, "")
            if RISK.search(_body(text)) or _is_risky_inside(text, home, line, functions):
                return True
    return False


def is_callable_class(found: ClassOutline, by_name: ByName) -> bool:
    """The class is stored as a call of itself, and takes nothing that steers it."""
    line = [owner for _, owner in _line(None, found, by_name)]
    if any(owner.bases & _ENUMS for owner in line):
        return True
    if not any({"__reduce__", "__reduce_ex__"} & set(owner.methods) for owner in line):
        return False
    made_by = [
        owner.methods[name]
        for owner in line
        for name in ("__init__", "__new__", "__cinit__")
        if name in owner.methods
    ]
    return not any(
        RISK.search(_body(text)) or any(PATH_LIKE.match(one) for one in _parameters(text))
        for text in made_by
    )


def is_reducer(name: str, text: str, returned: frozenset[str]) -> bool:
    """A function that ``__reduce__`` methods of its module return, or that is named so."""
    if name in BUILDS_CODE or not (REDUCER_NAME.match(name) or name in returned):
        return False
    return not RISK.search(_body(text))


def _line(
    module: Outline | None, found: ClassOutline, by_name: ByName
) -> Iterator[tuple[Outline | None, ClassOutline]]:
    """The class and all that its bases may be, each once."""
    waiting: list[tuple[Outline | None, ClassOutline]] = [(module, found)]
    seen = {id(found)}
    for home, owner in waiting:  # it grows on the way
        yield home, owner
        for base in sorted(owner.bases):
            for item in by_name.get(base, ()):
                if id(item[1]) not in seen:
                    seen.add(id(item[1]))
                    waiting.append(item)


def _is_risky_inside(
    text: str,
    home: Outline | None,
    line: Sequence[tuple[Outline | None, ClassOutline]],
    functions: Mapping[str, str],
) -> bool:
    """Whether a hook comes to what can harm; ``functions`` are those of all modules by name."""
    waiting, seen = [(text, home, 0)], set[str]()
    while waiting:
        body, home, depth = waiting.pop()
        if not body or body in seen or depth > DEEPEST or len(seen) > MOST_FOLLOWED:
            continue
        seen.add(body)
        if FAR_RISK.search(_body(body)):
            return True
        for name in _OWN_CALLS.findall(body):
            waiting += [(o.methods[name], h, depth + 1) for h, o in line if name in o.methods]
        for name in _CALLS.findall(_body(body)) if home else ():
            if home and name in home.functions:
                waiting.append((home.functions[name], home, depth + 1))
            elif home and name in home.imported:
                waiting.append((functions.get(name, ""), None, depth + 1))
    return False


def _body(text: str) -> str:
    """A function without its first line: ``def load(`` is no call."""
    head = _METHODS.match(text)
    return text[head.end() :].partition("(")[2] if head else text


def _parameters(text: str) -> list[str]:
    matched = _PARAMETERS.search(text)
    given = (matched[1] if matched else "").split(",")
    return [re.split(r"[:=]", one)[0].strip(" *").rpartition(" ")[2] for one in given]
