"""Definitions of custom kinds: megabytes of schema that hold no fact about a deployment."""

from __future__ import annotations

import re
from collections.abc import Callable

_KIND = re.compile(r"(?m)^kind:[ \t]*[\"']?CustomResourceDefinition\b")
_SPEC = re.compile(r"\nspec:")
# A line that belongs neither to the schema nor to the status that is written beside it.
_FURTHER = re.compile(r"\n(?!spec:|status:)[^\s#]")
_OTHER_ENDS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_SEPARATOR = "\n---"
_CRD = "CustomResourceDefinition"


def without_schemas(text: str, may_leave: Callable[[str], bool] = lambda _: True) -> str:
    """Give a manifest with the schemas of custom kinds left blank; each line stays where it was.

    ``may_leave`` is asked about each schema: one of which it says no is kept.
    """
    if _CRD not in text or text.lstrip().startswith("{"):
        return text
    if not (text.isascii() and "\r" not in text) and _OTHER_ENDS.search(text):
        return text
    return _SEPARATOR.join(_blanked(part, may_leave) for part in text.split(_SEPARATOR))


def _blanked(part: str, may_leave: Callable[[str], bool]) -> str:
    if _CRD not in part or not _KIND.search(part):
        return part
    spec = _SPEC.search(part)
    # What names the object stands first, as every tool writes it; else it is read as it is.
    if spec is None:
        return part
    head, schema = part[: spec.start() + 1], part[spec.start() :]
    if _FURTHER.search(schema) or not _is_definition(head) or not may_leave(schema):
        return part
    return head + "\n" * (schema.count("\n") - 1)


def _is_definition(head: str) -> bool:
    """Whether what stands above a schema is a definition to a parser of YAML too."""
    import yaml  # noqa: PLC0415 - few files ask

    # The first line is what follows the dashes that begin a document.
    head = f"---{head}" if head.startswith((" ", "\n", "\t")) else head
    try:
        root = yaml.compose(head, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    if not isinstance(root, yaml.MappingNode):
        return False
    named = [
        (key.value, value.value)
        for key, value in root.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    ]
    kinds = [value for key, value in named if key == "kind"]
    versions = [value for key, value in named if key == "apiVersion"]
    return kinds == [_CRD] and [
        value.startswith("apiextensions.k8s.io/") for value in versions
    ] == [True]
