"""A pattern that is compiled later does what one that was compiled does, and each one compiles."""

from __future__ import annotations

import ast
import gc
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlsec
from mlsec.core.regex import regex

PACKAGE = Path(mlsec.__file__).parent
USERS = [
    ".".join(("mlsec", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if "from mlsec.core.regex import" in path.read_text("utf-8")
]


def test_it_finds_what_the_compiled_pattern_finds() -> None:
    later, now = regex(r"(a+)(b)?", re.IGNORECASE), re.compile(r"(a+)(b)?", re.IGNORECASE)
    assert later.findall("AAb xa") == now.findall("AAb xa")
    assert (later.pattern, later.flags, later.groups) == (now.pattern, now.flags, now.groups)
    assert regex(rb"\x80[\x02-\x05]").sub(b"", b"\x80\x04N") == b"N"


def test_a_mistake_shows_at_the_first_use_and_at_every_other() -> None:
    broken = regex("(")
    for _ in range(2):
        with pytest.raises(re.error):
            broken.match("")


def test_every_pattern_compiles() -> None:
    for name in USERS:
        importlib.import_module(name)
    kind = type(regex(""))
    gc.unfreeze()  # what was frozen after the tests were collected is not listed
    found = [each for each in gc.get_objects() if type(each) is kind]
    gc.freeze()
    assert len(found) >= len(USERS) > 50
    assert all(re.compile(each.pattern, each.flags) for each in found)


# A possessive repeat of a group, but for one whose last alternative never matches.
UNSAFE = re.compile(r"(?<!\|\(\?!\))(?<!\()\)(?:[*+?]|\{\d*,?\d*\})\+")


def texts_of(path: Path) -> Iterator[str]:
    """Every text in a source file, which may be a pattern or a part of one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")


@pytest.mark.parametrize(
    ("pattern", "is_safe"),
    [
        (r"[ab]*+\s++.?+.{8}+", True),
        (r"(?:ab?c)*", True),
        (r"(?:ab?c|(?!))*+", True),
        (r"(?:ab?c)*+", False),
        (r"x|(y(?=(?:ab?c){2,3}+))", False),
        (r")*+\n", False),
    ],
)
def test_an_unsafe_repeat_is_recognised(pattern: str, *, is_safe: bool) -> None:
    assert (UNSAFE.search(pattern) is None) is is_safe


def test_every_pattern_means_the_same_on_every_python() -> None:
    unsafe = [
        f"{path.relative_to(PACKAGE)}: {text}"
        for path in PACKAGE.rglob("*.py")
        for text in texts_of(path)
        if UNSAFE.search(text)
    ]
    assert unsafe == []
