"""What files of the CLI name, as the ids that the service gives: assets, computes, data."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.mapping.partial_text import at
from mlsec.vocabulary.iac_mapping import CODE_SUBSCRIPTION

# The CLI takes the workspace from its command line or its defaults: no file says which it is.
WORKSPACE_NAME = "workspace"
_GROUP = f"/subscriptions/{CODE_SUBSCRIPTION}/resourceGroups/group"
_PROVIDER = "/providers/Microsoft.MachineLearningServices"
WORKSPACES = f"{_GROUP}{_PROVIDER}/workspaces"
WORKSPACE = f"{WORKSPACES}/{WORKSPACE_NAME}"
_DATASTORES = "azureml://datastores/"
_PLURALS = {"environment": "environments", "model": "models", "data": "data"}
_OPEN = ("{{", "${", "<")
# An asset that is written in place is registered as a version of its own, which nobody else names.
_OWN_VERSION = "‹of this file›"

# path relative to the target -> what stands in that file
Read = Callable[[str], Node | None]


def is_filled_in(text: str) -> bool:
    """Whether something puts another text in the place of this one before it is applied."""
    return any(mark in text for mark in _OPEN[:2]) or (text.startswith("<") and text.endswith(">"))


def filled_in(node: Node, *, keep: frozenset[str] = frozenset(), key: str = "") -> Node:
    """Say of each text that something fills in that it is not known, but below the keys to keep."""
    value = node.value
    if key in keep:
        return node
    if isinstance(value, Mapping):
        return Node(
            {name: filled_in(item, keep=keep, key=name) for name, item in value.items()},
            node.line, node.column, node.tag, node.file,
        )  # fmt: skip
    if isinstance(value, tuple):
        items = tuple(filled_in(item, keep=keep) for item in value)
        return Node(items, node.line, node.column, node.tag, node.file)
    if isinstance(value, str) and is_filled_in(value):
        words = f"‹{value.strip('{}$<> ')}›"
        return at(node, UnknownValue(f"{value[:80]} is filled in before it is applied", words,
                                     is_given=True))  # fmt: skip
    return node


def asset_id(node: Node, kind: str, path: str, read: Read) -> Node:
    """Give what a reference to an asset means; ``path`` is the file that it stands in."""
    if isinstance(node.value, Mapping):
        return at(node, inline_id(node, kind, path))
    text = node.value
    if not isinstance(text, str) or text.startswith(("azureml://", "azureml:/subs", "/subs")):
        return node
    if not text.startswith("azureml:"):
        place = beside(path, text)
        other = read(place)
        if other is None:
            return at(node, UnknownValue(f"{text} is not in this target", is_given=True))
        return at(node, inline_id(other, kind, place))
    name, _, version = text.removeprefix("azureml:").partition(":")
    if not version:
        name = name.partition("@")[0]
    asset = f"{WORKSPACE}/{_PLURALS[kind]}/{name}"
    return at(node, f"{asset}/versions/{version}" if version else asset)


def inline_id(node: Node, kind: str, path: str) -> str:
    """Give the id of an asset that is written out in a file."""
    name = node.text("name") or f"‹of {path}›".replace("/", "-")
    version = node.get("version")
    shown = _OWN_VERSION if version is None or version.value is None else str(version.value)
    return f"{WORKSPACE}/{_PLURALS[kind]}/{name}/versions/{shown}"


def compute_id(node: Node) -> Node:
    """Give the id of a compute that is named ``azureml:name`` or ``name``."""
    text = node.value
    if not isinstance(text, str) or "/" in text:
        return at(node, text.removeprefix("azureml:")) if isinstance(text, str) else node
    return at(node, f"{WORKSPACE}/computes/{text.removeprefix('azureml:')}")


def data_uri(node: Node, path: str, read: Read) -> Node:
    """Give the address of data: a datastore is one of the workspace's, an asset has an id."""
    text = node.value
    if isinstance(text, str) and text.startswith(_DATASTORES):
        return at(node, f"azureml:/{WORKSPACE}/datastores/{text.removeprefix(_DATASTORES)}")
    if isinstance(text, str) and text.startswith("azureml:") and "://" not in text:
        return asset_id(node, "data", path, read)
    return node


def beside(path: str, text: str) -> str:
    """Give the path, relative to the target, of what a file names relative to itself."""
    near = text.removeprefix("file:")
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), near))
