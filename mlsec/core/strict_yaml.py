"""Strict YAML with positions: 1.2 core scalars, no aliases, no tags, no duplicate keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

Path = tuple[str | int, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed document: plain values, and the 1-based (line, column) of every key and item.

    ``places`` maps a path of keys and indexes to where its key (or list item) starts; the place of
    a key's value is under the path with ``"="`` appended.
    """

    file: str
    value: Any
    places: dict[Path, tuple[int, int]]

    def where(self, *path: str | int) -> str:
        """Give ``file:line:column`` for the longest part of ``path`` that exists."""
        for end in range(len(path), -1, -1):
            place = self.places.get(tuple(path[:end]))
            if place is not None:
                return f"{self.file}:{place[0]}:{place[1]}"
        return self.file


def parse(text: str, file: str) -> Document:
    """Parse one YAML document.

    Raises:
        MlsecError: not YAML, an anchor, alias, tag or duplicate key, too deep, or too big.
    """
    # A scan whose rules were loaded before reads none of it.
    from mlsec.core.strict_yaml_nodes import read_nodes  # noqa: PLC0415

    value, places = read_nodes(text, file)
    return Document(file=file, value=value, places=places)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every (path, value) of a parsed document, parents first."""
    yield path, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from walk(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from walk(child, (*path, index))
