"""Finds the line of a template or patch that a value of what was rendered from it stands on.

A template is no YAML, so its lines are taken by their indentation, and what is rendered is followed
through them key by key. Where that leads to one line, the value stands there; where it leads to
none or to several, at what holds it. No line is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex

_LINE = regex(r"(?P<indent> *+)(?P<dashes>(?:- ++|-\Z)*)(?P<rest>.*)")
_KEY = regex(
    r"(?P<quote>[\"']?)(?P<key>[A-Za-z0-9_$./~-]++)(?P=quote):(?:[^\S\n]++(?P<value>.*))?\Z"
)
_BLOCK = regex(r"(?:[|>][0-9+-]*+|.*[^\S\n][|>][0-9+-]*+)\s*\Z")
_COMMENT = regex(r"(?:^|\s)#.*")
_ITEM = "[]"


class Written(msgspec.Struct, gc=False):
    """One key, element or document as it is written: its place, its text, and what it holds."""

    line: int = 0
    column: int = 0
    text: str = ""
    file: str = ""
    keys: dict[str, list[Written]] = msgspec.field(default_factory=dict)
    items: list[Written] = msgspec.field(default_factory=list)

    def says(self, key: str) -> str:
        """Give the text of a key that is written once."""
        places = self.keys.get(key, [])
        return places[0].text if len(places) == 1 else ""

    @property
    def name(self) -> str:
        """The name of the object that a document describes."""
        return self._metadata("name")

    @property
    def namespace(self) -> str:
        """The namespace that a document states."""
        return self._metadata("namespace")

    @property
    def identity(self) -> tuple[str, str]:
        """Its kind and name, by which a patch means another document."""
        return self.says("kind"), self.name

    def _metadata(self, key: str) -> str:
        places = self.keys.get("metadata", [])
        return places[0].says(key) if len(places) == 1 else ""


def written_documents(text: str, file: str) -> list[Written]:
    """Give the documents of a template, or of YAML; ``file`` is the path that reports show."""
    documents = [Written(file=file)]
    stack: list[tuple[int, str, Written]] = []
    for number, indent, dashes, rest in _lines(text):
        if indent == 0 and rest.startswith("---") and not dashes:
            documents.append(Written(file=file))
            stack = []
            continue
        column = indent
        for _ in range(dashes.count("-")):
            while stack and (stack[-1][0] > column or stack[-1][:2] == (column, _ITEM)):
                stack.pop()
            above = stack[-1][2] if stack else documents[-1]
            item = Written(number, column + 1, file=file)
            above.items.append(item)
            stack.append((column, _ITEM, item))
            column += 2
        _note(rest, number, indent + len(dashes), documents[-1], stack)
    return [document for document in documents if document.keys or document.items]


def _note(
    rest: str, number: int, column: int, document: Written, stack: list[tuple[int, str, Written]]
) -> None:
    match = _KEY.match(rest)
    if match is None:
        if stack and stack[-1][1] == _ITEM and stack[-1][2].line == number:
            stack[-1][2].text = _plain(rest)
        return
    while stack and stack[-1][0] >= column:
        stack.pop()
    above = stack[-1][2] if stack else document
    here = Written(number, column + 1, _plain(match["value"] or ""), document.file)
    above.keys.setdefault(match["key"], []).append(here)
    for holder in (document, above):
        if not holder.line:
            holder.line, holder.column = number, column + 1
    stack.append((column, match["key"], here))


def _lines(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Give the lines that hold keys and elements: number, indentation, dashes, and the rest."""
    block_above = -1
    is_in_action = False
    for number, line in enumerate(text.split("\n"), start=1):
        if is_in_action:
            is_in_action = "}}" not in line
            continue
        match = _LINE.match(line.rstrip())
        rest = match["rest"] if match else ""
        if not match or not (rest or match["dashes"]):
            continue
        indent = len(match["indent"])
        if block_above >= 0 and indent > block_above:
            continue
        block_above = -1
        is_in_action = line.rfind("{{") > line.rfind("}}")
        if rest.startswith("#") or (rest.startswith("{{") and not match["dashes"]):
            continue
        if _BLOCK.match(rest):
            block_above = indent
        yield number, indent, match["dashes"], rest


def _plain(text: str) -> str:
    """Give the text of a value that is written out, "" for one that an action makes."""
    if "{{" in text:
        return ""
    text = _COMMENT.sub("", text).strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def documents_of(node: Node, documents: Sequence[Written]) -> list[Written]:
    """Give the documents that an object can have been rendered from, by its kind and name."""
    kind, name = node.text("kind"), node.text("metadata", "name")
    of_kind = [item for item in documents if item.says("kind") in ("", kind)]
    exact = [item for item in of_kind if item.says("kind") == kind] or of_kind
    named = [item for item in exact if item.name == name]
    return named or [item for item in exact if not item.name] or exact


def relocated(node: Node, documents: Sequence[Written], file: str) -> Node:
    """Give an object with the lines of the documents that it was rendered from.

    The first of them is that of ``file``; those of other files patch it.
    """
    own = [item for item in documents if item.file == file]
    place = own[0] if len(own) == 1 else Written(1, 1, file=file)
    return _moved(node, documents, place, file)


def _moved(node: Node, written: Sequence[Written], place: Written, file: str) -> Node:
    value = node.value
    if isinstance(value, Mapping):
        value = {
            key: _held(child, [w for x in written for w in x.keys.get(key, ())], place, file)
            for key, child in value.items()
        }
    elif isinstance(value, tuple):
        items = [w for item in written for w in item.items]
        value = tuple(
            _held(child, _of_item(child, at, len(value), items), place, file)
            for at, child in enumerate(value)
        )
    elsewhere = place.file if place.file != file else ""
    return Node(value, place.line, place.column, node.tag, elsewhere)


def _held(child: Node, written: Sequence[Written], place: Written, file: str) -> Node:
    return _moved(child, written, _only(child, written) or place, file)


def _only(node: Node, written: Sequence[Written]) -> Written | None:
    """Give the one place of a value: of several the one that says the same.

    A patch says it in the place of what it patches; what only holds others stands where it is
    declared first.
    """
    if len(written) < 2:
        return written[0] if written else None
    said = _said(node)
    same = [item for item in written if not said or item.text == said]
    by_file = {item.file: item for item in same}
    if len(by_file) != len(same) or not same:
        return None
    return same[-1] if said else same[0]


def _of_item(node: Node, at: int, count: int, items: Sequence[Written]) -> Sequence[Written]:
    """Give what an element can have been rendered from: by its name, else by its number."""
    name = node.text("name") or _said(node)
    named = [item for item in items if name and name in (item.says("name"), item.text)]
    if named:
        return named
    if len(items) == count:
        return [items[at]]
    return [item for item in items if not item.says("name") and not item.text]


def _said(node: Node) -> str:
    value = node.value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
