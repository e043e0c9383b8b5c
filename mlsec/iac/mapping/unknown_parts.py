"""Parts of values that code does not say, and the words that stand for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex
from mlsec.iac.mapping.listeners import is_known_but_for_conditions
from mlsec.vocabulary.types import Kind, Property

# Shapes that pick the texts that begin so: one that does is picked, whatever follows.
_BEGINS = {"named_accounts": "serviceAccount:"}
# Shapes that read one part of an address: known where it is the same whatever the rest is.
OF_ADDRESSES = frozenset({
    "s3_bucket", "image_digest", "image_tag", "registry_host", "ecr_repository",
    "own_ecr_repository",
})  # fmt: skip
_HOLE = regex(r"‹[^‹›]*›")
# What may stand where nothing is known: nothing, a name, and what ends each part of an address.
_FILLINGS = ("", "x", "x/y", "x:y", f"x@sha256:{'0' * 64}", "x.y:1/z", "123456789012", "s3://x/")


def filled(node: Node) -> list[str]:
    """Give a text with each of the things that may stand in place of what is not known of it.

    None where no part of it is known.
    """
    text = node.value.text if isinstance(node.value, UnknownValue) else ""
    is_part = bool(_HOLE.sub("", text))
    return [_HOLE.sub(filling, text) for filling in _FILLINGS] if is_part else []


def may_be_words(wanted: Property, node: Node) -> bool:
    """Whether the words for what is not known may stand in its place."""
    if wanted.kind is Kind.MAP:
        return not isinstance(node.value, UnknownValue)
    if wanted.shape == "listener_rules":
        return is_known_but_for_conditions(node)
    begins = _BEGINS.get(wanted.shape)
    return bool(begins) and all(value.text.startswith(str(begins)) for value in unresolved(node))


def unresolved(node: Node) -> Iterator[UnknownValue]:
    """Give what of a value is not known, part by part."""
    value = node.value
    if isinstance(value, UnknownValue):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from unresolved(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from unresolved(item)


def in_words(node: Node) -> Any:
    """Give plain values with the words of what is not known; what has none is left out."""
    value = node.value
    if isinstance(value, UnknownValue):
        return value.text or None
    if isinstance(value, tuple):
        return [item for item in map(in_words, value) if item is not None]
    if isinstance(value, Mapping):
        return {key: in_words(entry) for key, entry in value.items()}
    return value
