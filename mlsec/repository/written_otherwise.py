"""Recognises code whose keys are written in an unusual way, which its own tools read all the same.

YAML and JSON have many ways to write one key: quoted, escaped, indented, with a tag or anchor, as
a flow. A file whose words are there in any of them is parsed to see what it declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.collect.code.code_file import Language
from mlsec.core.errors import LimitError, MlsecError
from mlsec.core.regex import regex

if TYPE_CHECKING:
    from mlsec.collect.located.located import Node

# Letters, the dollar and the colon: all that the words which are looked for are made of.
_ESCAPED = regex(r"\\(?:x|u00|U000000)([4-7][0-9A-Fa-f]|24|3[Aa])")
_AWS = regex(r"(?:AWS|Alexa|Custom)::")
# One YAML document at a time, as kubectl reads them: a mistake in another one hides nothing.
_PARTS = regex(r"(?m)^(?=---)")
_ARM = regex(r"(?i)deployment(?:template|parameters)\.json")


def language_otherwise(text: str) -> Language | None:
    """Give what a text declares to a parser; None for nothing that is read here."""
    said = _ESCAPED.sub(_letter, text) if "\\" in text else text
    has_object = "apiVersion" in said and "kind" in said
    has_stack = "Resources" in said and bool(_AWS.search(said))
    has_services = "services" in said and ("image" in said or "build" in said)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start == "{" and "$schema" in said and _ARM.search(said):
        return Language.ARM
    if start == "[" or not (has_object or has_stack or has_services):
        return None
    if start == "{":
        try:
            return _of_json(msgspec.json.decode(text.lstrip("\ufeff"), type=dict[str, msgspec.Raw]))
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            pass  # YAML may begin with a brace as well
    try:
        languages = {_of(document) for document in _documents(text)}
    except LimitError:
        # Too much to see what it is: its reader says so.
        return Language.KUBERNETES if has_object else Language.CLOUDFORMATION
    wanted = (Language.KUBERNETES, Language.CLOUDFORMATION, Language.COMPOSE)
    return next((language for language in wanted if language in languages), None)


def _letter(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _of_json(root: Mapping[str, msgspec.Raw]) -> Language | None:
    """Judge JSON by its first two levels: vocabularies of models hold every word there is."""
    if "apiVersion" in root and "kind" in root:
        return Language.KUBERNETES
    if "Resources" not in root:
        return None
    items: Any = msgspec.json.decode(root["Resources"])
    for item in items.values() if isinstance(items, dict) else ():
        kind = item.get("Type") if isinstance(item, dict) else None
        if isinstance(kind, str) and _AWS.match(kind):
            return Language.CLOUDFORMATION
    return None


def _documents(text: str) -> Iterator[Node]:
    from mlsec.collect.located.yaml import parse_documents  # noqa: PLC0415 - few files ask

    for part in _PARTS.split(text):
        try:
            yield from parse_documents(part)
        except LimitError:
            raise
        except MlsecError:
            continue


def _of(root: Node) -> Language | None:
    keys = root.pairs()
    if "apiVersion" in keys and "kind" in keys:
        return Language.KUBERNETES
    for node in root.pairs("Resources").values():
        if _AWS.match(node.text("Type")):
            return Language.CLOUDFORMATION
    services = root.pairs("services").values()
    if any("image" in service.pairs() or "build" in service.pairs() for service in services):
        return Language.COMPOSE
    return None
