"""The words of a private dialect that gave way to those of docs/glossary.md do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.loops import for_each

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "mlsec").rglob("*.py"))
TEXTS = sorted(
    path
    for pattern in ("docs/*.md", "docs/site/*.py", "*.md", "reports/**/*.j2", "rules/**/*.yaml")
    for path in ROOT.glob(pattern)
    if path.name != "glossary.md" and path.relative_to(ROOT).parts[:2] != ("rules", "callables")
)
# Say instead: reported or known; severe; external principal; rarely; client; access.
DIALECT = (
    "told", "untold", "grave", "graver", "gravest", "putter", "putters", "outsider", "outsiders",
    "abroad", "seldom", "lesson", "lessons", "asker", "askers", "teller", "tellers", "deed",
    "deeds", "stranger", "strangers", "steered",
)  # fmt: skip
_DIALECT = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(DIALECT)})(?![A-Za-z])", re.IGNORECASE)
# What a value is, not that it was found.
EMPTY_NAMES = frozenset(("found", "each", "one", "held", "told"))
# Patterns that look for the words in hostile text.
_QUOTED = {"mlsec/artifacts/templates/poison.py"}
# The table of suffixes names what gave way, and the title of a control is its standard's.
_FORMER = re.compile(r"^\| `-.*$|^ +.*title: .*$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@for_each("path", SOURCES, called=name_of)
def test_code_uses_the_words_of_the_glossary(path: Path) -> None:
    if name_of(path) not in _QUOTED:
        assert sorted({match.group() for match in _DIALECT.finditer(spaced(path))}) == []


@for_each("path", TEXTS, called=name_of)
def test_texts_use_the_words_of_the_glossary(path: Path) -> None:
    text = _FORMER.sub("", path.read_text("utf-8"))
    assert sorted({match.group() for match in _DIALECT.finditer(text)}) == []


@for_each("path", SOURCES, called=name_of)
def test_a_value_is_named_for_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert [f"{line}: {name}" for line, name in bound(tree) if name in EMPTY_NAMES] == []


def spaced(path: Path) -> str:
    """Give the text with the parts of names as words of their own."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", path.read_text("utf-8"))


def bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that is bound, with its line; fields may be keys of a language."""
    fields = {
        id(part.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if id(node) in fields:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)):
                yield node.lineno, name
