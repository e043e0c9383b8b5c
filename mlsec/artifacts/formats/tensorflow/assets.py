"""Assets of a SavedModel: constants of paths that the loader replaces by the files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.formats.tensorflow.operators import FILE_OPERATORS

# Field numbers: meta_graph.proto, any.proto, node_def.proto, attr_value.proto of TensorFlow.
META_COLLECTION, META_ASSET = 4, 6
ENTRY_KEY, ENTRY_VALUE, COLLECTION_ANY, ANY_LIST_ONE, ANY_VALUE = 1, 2, 5, 1, 2
ASSET_TENSOR, ASSET_FILE, TENSOR_NAME = 1, 2, 1
NODE_NAME, NODE_OPERATOR, NODE_INPUT, NODE_ATTRIBUTE = 1, 2, 3, 5
VALUE_LIST, VALUE_FUNCTION, LIST_FUNCTION = 1, 10, 9
# Where releases before asset_file_def kept the same, each packed into a message of any type.
OLD_COLLECTION = "saved_model_assets"


def assets_of(wire: Wire, meta_graph: Field) -> list[Field]:
    """The entries of a MetaGraph's assets: the field of today, or the collection of old."""
    parts = [part for part in wire.inside(meta_graph) if part.wire == BYTES]
    listed = [part for part in parts if part.number == META_ASSET]
    if listed:
        return listed
    entries = [part for part in parts if part.number == META_COLLECTION]
    return [asset for entry in entries for asset in _old_assets(wire, entry)]


def _old_assets(wire: Wire, entry: Field) -> Iterator[Field]:
    names = [wire.text(key) for key in _parts(wire, entry, ENTRY_KEY)]
    if names != [OLD_COLLECTION]:
        return
    for collection in _parts(wire, entry, ENTRY_VALUE):
        for listed in _parts(wire, collection, COLLECTION_ANY):
            for part in _parts(wire, listed, ANY_LIST_ONE):
                yield from _parts(wire, part, ANY_VALUE)


def file_names(wire: Wire, asset: Field) -> list[Field]:
    """Where an asset's entry names its file."""
    return list(_parts(wire, asset, ASSET_FILE))


def asset_nodes(wire: Wire, assets: Sequence[Field]) -> frozenset[str]:
    """The names of the nodes whose values are assets."""
    return frozenset(
        wire.text(name).partition(":")[0]
        for asset in assets
        for tensor in _parts(wire, asset, ASSET_TENSOR)
        for name in _parts(wire, tensor, TENSOR_NAME)
    )


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a graph: what it is fed by, and whether it saves or might, by a function."""

    name: str
    saves: bool
    inputs: tuple[str, ...]


def nodes_of(wire: Wire, nodes: Iterable[Field]) -> Iterator[Node]:
    """What the nodes in these fields are fed by."""
    for node in nodes:
        saves = _first(wire, node, NODE_OPERATOR) in FILE_OPERATORS or _calls(wire, node)
        inputs = tuple(wire.text(given) for given in _parts(wire, node, NODE_INPUT))
        yield Node(name=_first(wire, node, NODE_NAME), saves=saves, inputs=inputs)


def unsaved(nodes: Iterable[Node], assets: frozenset[str]) -> frozenset[str]:
    """Those assets whose value reaches no operator that saves, and no function that might.

    Only the run that sets a model up is given the replaced value: a signature that saves to an
    asset's path would save where its stored value says.
    """
    feeds: dict[str, list[str]] = {}
    saving: set[str] = set()
    for node in nodes:
        if node.saves:
            saving.add(node.name)
        for given in node.inputs:
            feeds.setdefault(given.partition(":")[0], []).append(node.name)
    return frozenset(asset for asset in assets if not saving & _behind(feeds, asset))


def node_name(wire: Wire, node: Field) -> str:
    """What a node is called."""
    return _first(wire, node, NODE_NAME)


def _behind(feeds: dict[str, list[str]], start: str) -> set[str]:
    seen, left = {start}, [start]
    while left:
        for name in feeds.get(left.pop(), ()):
            if name not in seen:
                seen.add(name)
                left.append(name)
    return seen


def _calls(wire: Wire, node: Field) -> bool:
    """Whether an attribute of a node is a function."""
    for attribute in _parts(wire, node, NODE_ATTRIBUTE):
        for value in _parts(wire, attribute, ENTRY_VALUE):
            lists = _parts(wire, value, VALUE_LIST)
            if any(True for _ in _parts(wire, value, VALUE_FUNCTION)) or any(
                True for list_ in lists for _ in _parts(wire, list_, LIST_FUNCTION)
            ):
                return True
    return False


def _first(wire: Wire, field: Field, number: int) -> str:
    return next((wire.text(part) for part in _parts(wire, field, number)), "")


def _parts(wire: Wire, field: Field, number: int) -> Iterator[Field]:
    for part in wire.inside(field):
        if part.number == number and part.wire == BYTES:
            yield part
