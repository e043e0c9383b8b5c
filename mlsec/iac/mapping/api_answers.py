"""Make the answers of an API out of the body of a declaration, as its table says.

What a table says of an answer is one of:

- a path in the body (``.`` is the body itself, ``$name``, ``$id``, ``$ref`` what it is called);
- a list of such: the first that is there;
- ``{"=": value}``: the value itself, which is what the service makes it;
- ``{each: path, key: what, ...}``: a list with one mapping for each element found there, whose
  paths are relative to the element (``.: .`` takes all that the element has);
- ``{of: path, is: {text: value}, else: value}``: what a word there means; without ``else`` any
  other word means itself;
- ``{has: path, then: value, else: value}``: whether something stands there;
- ``{last: path}``: what follows the last ``/`` of the text there; ``{text: path}``, ``{number:
  path}``: the scalar there as that; ``{json: path}``: what is written there as JSON text;
- ``{fill: template}``: a text with ``{name}`` and the like, or paths, filled in;
- ``{unknown: why, where: path, except: [value]}``: what stands at the path, or follows from it,
  is not known, but where it is one of these values;
- ``{list: what}``: a list of the one thing; ``{if: path, then: what}``: only where that is there;
- ``{keyed: path, by: [path, ...], key: what, ...}``: as ``each``, a mapping by these joined with
  ``/`` (without the first ``/`` of each);
- ``{pairs: path, as: [name, value]}``: what is a mapping there, as a list of mappings with these
  two keys;
- ``{cut: path, as: [name, value]}``: each text of the list there, cut at its first colon, as a
  mapping with these two keys;
- any other mapping: a mapping of the same keys (``.: path`` takes all that stands there).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.mapping.declaration import Called, fill, known_words, text_of
from mlsec.iac.mapping.partial_text import at
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.iac.mapping.policies import denies_nothing

# How a part of a text that is not known begins.
_HIDDEN = "‹"


class Builder:
    """Builds the answers about one declaration; ``why_open`` as it has it."""

    def __init__(
        self,
        called: Called,
        digger: PathLookup,
        why_open: UnknownValue | None = None,
    ) -> None:
        self._why_open = why_open
        self._called = {"$name": called.name, "$id": called.id, "$ref": called.ref}
        self._known = known_words(called)
        self._digger = digger
        self._words: Mapping[str, Callable[[Mapping[str, Any], Node], Node | None]] = {
            "=": lambda spec, _: constant(spec["="]),
            "each": self._each,
            "has": self._presence,
            "of": self._meaning,
            "unknown": self._unknown,
            "keyed": self._keyed,
            "list": self._list,
            "cut": self._cut,
            "pairs": self._pairs,
            "if": self._if,
            "last": lambda spec, body: self._scalar(spec["last"], body, _last),
            "text": lambda spec, body: self._scalar(spec["text"], body, str),
            "number": lambda spec, body: self._scalar(spec["number"], body, _number),
            "json": self._json,
            "fill": lambda spec, body: Node(self._filled(spec["fill"], body)),
        }

    def build(self, spec: Any, body: Node) -> Node | None:
        """Give what a table asks for; None when the body does not have it."""
        if isinstance(spec, str):
            return self._path(spec, body)
        if isinstance(spec, list):
            for at_place, result in enumerate(spec):
                is_default = at_place > 0 and isinstance(result, Mapping) and "=" in result
                value = self._default(result["="]) if is_default else self.build(result, body)
                if value is not None:
                    return value
            return None
        word = next((key for key in spec if key in self._words), None)
        return self._words[word](spec, body) if word else self._mapping(spec, body)

    def _default(self, value: Any) -> Node:
        """Give what the service does where nothing is said, if that is known."""
        return constant(value) if self._why_open is None else Node(self._why_open)

    def _path(self, spec: str, body: Node) -> Node | None:
        if spec.startswith("$"):
            return Node(self._called[spec])
        return self._digger.dig(body, spec)

    def _each(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        result = self._digger.dig(body, spec["each"])
        if result is None or isinstance(result.value, UnknownValue):
            return result
        inner = {key: what for key, what in spec.items() if key != "each"}
        elements = result.value if isinstance(result.value, tuple) else (result,)
        made = [
            element if isinstance(element.value, UnknownValue) else self._mapping(inner, element)
            for element in elements
        ]
        return at(result, tuple(made))

    def _keyed(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        result = self._digger.dig(body, spec["keyed"])
        if result is None or isinstance(result.value, UnknownValue):
            return result
        inner = {key: what for key, what in spec.items() if key not in ("keyed", "by")}
        made = {}
        for item in result.value if isinstance(result.value, tuple) else (result,):
            words = [text_of(self._digger.dig(item, path)) for path in spec["by"]]
            made["/".join(word.removeprefix("/") for word in words)] = self._mapping(inner, item)
        return at(result, made)

    def _filled(self, template: str, body: Node) -> str:
        return fill(template, self._known, lambda path: self._digger.dig(body, path))

    def _list(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        result = self.build(spec["list"], body)
        return None if result is None else at(result, (result,))

    def _pairs(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["pairs"], body)
        if path is None or not isinstance(path.value, Mapping):
            return path
        name, value = spec["as"]
        made = [at(entry, {name: Node(key), value: entry}) for key, entry in path.value.items()]
        return at(path, tuple(made))

    def _cut(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["cut"], body)
        if path is None or not isinstance(path.value, tuple):
            return path
        made = []
        for text in path.value:
            parts = text_of(text).partition(":")[::2]
            pairs = {name: Node(part) for name, part in zip(spec["as"], parts, strict=True)}
            made.append(text if isinstance(text.value, UnknownValue) else at(text, pairs))
        return at(path, tuple(made))

    def _if(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["if"], body)
        return None if path is None or path.value == () else self.build(spec["then"], body)

    def _meaning(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["of"], body)
        if path is None:
            return self._default(spec["else"]) if "else" in spec else None
        if isinstance(path.value, UnknownValue):
            return path
        word = text_of(path)
        return at(path, constant(spec["is"].get(word, spec.get("else", word))).value)

    def _unknown(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["where"], body)
        if path is None or text_of(path) in spec.get("except", ()):
            return None
        return at(path, UnknownValue(spec["unknown"], is_given=True))

    def _presence(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["has"], body)
        if path is None or path.value in ("", (), {}):
            return self._default(spec.get("else"))
        if isinstance(path.value, UnknownValue) and not path.value.is_given:
            return path
        return at(path, constant(spec.get("then")).value)

    def _scalar(self, path: str, body: Node, turn: Callable[[str], Any]) -> Node | None:
        result = self._path(path, body)
        if result is None or isinstance(result.value, UnknownValue):
            return result
        return at(result, turn(text_of(result)))

    def _json(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        path = self._path(spec["json"], body)
        hidden = path.value if path is not None else None
        if path is None or not isinstance(hidden, str | UnknownValue):
            return path
        if isinstance(hidden, UnknownValue) and not hidden.text.lstrip().startswith(("{", "[")):
            return path
        try:
            parsed = marked_json.parse(hidden if isinstance(hidden, str) else hidden.text)
        except MlsecError as error:
            if isinstance(hidden, UnknownValue):
                return path
            is_limit = isinstance(error, LimitError)
            return at(path, UnknownValue(error.message, is_over_limit=is_limit))
        return at(path, _with_hidden(parsed, hidden).value)

    def _mapping(self, spec: Mapping[str, Any], body: Node) -> Node:
        nodes: dict[str, Node] = {}
        base = self.build(spec["."], body) if "." in spec else None
        if base is not None and isinstance(base.value, tuple) and len(base.value) == 1:
            base = base.value[0]  # a block of Terraform that stands there once
        if base is not None and isinstance(base.value, UnknownValue):
            return base
        nodes |= base.pairs() if base is not None else {}
        for key, what in spec.items():
            made = self.build(what, body) if key != "." else None
            if made is not None:
                nodes[key] = made
        return at(body, nodes)


def _with_hidden(node: Node, hidden: str | UnknownValue) -> Node:
    """Give what JSON text says where parts of it are not known: the texts that hold such a part."""
    value = node.value
    if isinstance(hidden, str):
        return node
    if isinstance(value, str):
        return at(node, hidden.worded(value) if _HIDDEN in value else value)
    if isinstance(value, tuple):
        return at(node, tuple(_with_hidden(item, hidden) for item in value))
    if isinstance(value, Mapping):
        return at(node, {key: _with_hidden(item, hidden) for key, item in value.items()})
    return node


def _last(text: str) -> str:
    return text.rpartition("/")[2]


def _number(text: str) -> Any:
    return int(text) if text.lstrip("-").isdecimal() else text


def constant(value: Any) -> Node:
    """Give a plain value as a node that stands nowhere."""
    if isinstance(value, list):
        return Node(tuple(constant(item) for item in value))
    if isinstance(value, Mapping):
        return Node({key: constant(entry) for key, entry in value.items()})
    return Node(value)


def merged(first: Node | None, second: Node, *, rival: str = "") -> Node:
    """Put two answers together: lists one after the other, mappings key by key.

    ``rival`` says why neither holds where they differ, when none comes before the other.
    """
    if first is None or first.value is None:
        return second
    # A policy is one document: the last one that is applied stands, not both.
    is_whole = not _has_keys(second) and not isinstance(second.value, tuple)
    if rival and is_whole and plain(first) != plain(second):
        return at(second, UnknownValue(rival))
    if isinstance(first.value, UnknownValue) or isinstance(second.value, UnknownValue):
        return first if isinstance(first.value, UnknownValue) else second
    if isinstance(first.value, tuple) and isinstance(second.value, tuple):
        return at(first, (*first.value, *second.value))
    if isinstance(first.value, Mapping) and isinstance(second.value, Mapping):
        both = dict(first.value)
        for key, value in second.value.items():
            both[key] = merged(both.get(key), value, rival=rival)
        return Node(both, first.line or second.line, first.column or second.column, "", first.file)
    return second


def doubted(node: Node, what: str, hidden: UnknownValue) -> Node:
    """Say of all that an answer says that it is not known; of the rest it says nothing."""
    if _has_keys(node):
        return at(node, {key: doubted(value, what, hidden) for key, value in node.value.items()})
    unknown = UnknownValue(f"{what}: {hidden.why}", is_over_limit=hidden.is_over_limit)
    if isinstance(node.value, tuple):
        allowing = msgspec.structs.replace(unknown, only_allows=True)
        return at(
            node,
            tuple(at(item, allowing if denies_nothing(item) else unknown) for item in node.value),
        )
    return at(node, unknown)


def _has_keys(node: Node) -> bool:
    """Whether it is a mapping of answers, not a policy, which is one value."""
    return isinstance(node.value, Mapping) and "Version" not in node.value


def stamped(node: Node, file: str) -> Node:
    """Say of a whole tree which file it stands in."""
    value = node.value
    if isinstance(value, tuple):
        value = tuple(stamped(item, file) for item in value)
    elif isinstance(value, Mapping):
        value = {key: stamped(entry, file) for key, entry in value.items()}
    return Node(value, node.line, node.column, node.tag, node.file or file)
