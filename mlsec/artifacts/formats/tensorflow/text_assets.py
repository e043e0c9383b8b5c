"""Assets of a SavedModel in text format: which of its texts the loader replaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mlsec.artifacts.formats.tensorflow.assets import OLD_COLLECTION, Node, unsaved
from mlsec.artifacts.formats.tensorflow.operators import FILE_OPERATORS
from mlsec.core.regex import regex

_GRAPHS = regex(rb"\bmeta_graphs\b")
_LISTED = regex(rb"\b(?:meta_graphs|node)\s*+(?::\s*+)?\[")
_PACKED = "[type.googleapis.com/tensorflow.AssetFileDef]"
# The messages that name an asset's file.
ASSET_MESSAGES = (("asset_file_def",), (_PACKED,))


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One text in the file: the messages it lies in, the outermost first, its field, its value."""

    path: tuple[str, ...]
    field: str
    value: str
    offset: int


def replaced_texts(data: bytes, texts: Sequence[Text]) -> frozenset[int]:
    """Where texts begin that are the paths of assets, and that nothing saves to.

    The texts alone do not say where a node ends: nodes count only where each begins with its name
    and its operator, as TensorFlow writes them, and where the file has one graph.
    """
    assets = _assets(texts)
    if not assets or _LISTED.search(data) or sum(1 for _ in _GRAPHS.finditer(data)) > 1:
        return frozenset()
    nodes = list(_nodes(texts))
    names = [block[0].value for block in nodes if block[0].field == "name"]
    if len(set(names)) != len(nodes) or any(not _is_plain(block) for block in nodes):
        return frozenset()
    kept = unsaved([_node(block) for block in nodes], assets)
    return frozenset(
        text.offset
        for block in nodes
        if block[0].value in kept
        for text in block
        if text.field == "string_val"
    )


def _assets(texts: Sequence[Text]) -> frozenset[str]:
    """The nodes that are listed as assets; the collection of old counts where no list is."""
    listed, collected, key = set(), set(), ""
    for text in texts:
        if text.field == "key" and text.path[-1:] == ("collection_def",):
            key = text.value
        elif text.field == "name" and text.path[-1:] == ("tensor_info",):
            name = text.value.partition(":")[0]
            if text.path[-2:-1] == ("asset_file_def",):
                listed.add(name)
            elif text.path[-2:-1] == (_PACKED,) and key == OLD_COLLECTION:
                collected.add(name)
    return frozenset(listed or collected)


def _nodes(texts: Sequence[Text]) -> Iterator[list[Text]]:
    """The texts of each node of the main graph: a new one begins with every name."""
    block: list[Text] = []
    for text in texts:
        if "node" not in text.path:
            continue
        if text.path[-1] == "node" and text.field == "name" and block:
            yield block
            block = []
        block.append(text)
    if block:
        yield block


def _is_plain(block: list[Text]) -> bool:
    own = [text.field for text in block if text.path[-1] == "node"]
    return own[:2] == ["name", "op"] and own.count("op") == 1 and block[1].field == "op"


def _node(block: list[Text]) -> Node:
    calls = any(text.path[-1] == "func" for text in block)
    inputs = (text.value for text in block if text.field == "input" and text.path[-1] == "node")
    saves = calls or block[1].value in FILE_OPERATORS
    return Node(name=block[0].value, saves=saves, inputs=tuple(inputs))
