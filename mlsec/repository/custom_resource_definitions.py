"""Definitions of custom kinds: megabytes of schema that hold no fact about a deployment."""

from __future__ import annotations

import re

from mlsec.core.errors import MlsecError

_PARTS = re.compile(r"(?m)^(?=---)")
_KIND = re.compile(r"(?m)^kind:[ \t]*[\"']?CustomResourceDefinition\b")
_SPEC = re.compile(r"(?m)^spec:")
# A line that belongs to the schema, or to the status that is written beside it.
_FURTHER = re.compile(r"(?m)^(?!spec:|status:)[^\s#]")
_OTHER_ENDS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


def without_schemas(text: str) -> str:
    """Give a manifest with the schemas of custom kinds left blank; each line stays where it was."""
    if "CustomResourceDefinition" not in text or text.lstrip().startswith("{"):
        return text
    if _OTHER_ENDS.search(text):
        return text
    return "".join(_blanked(part) for part in _PARTS.split(text))


def _blanked(part: str) -> str:
    if not _KIND.search(part):
        return part
    spec = _SPEC.search(part)
    # What names the object stands first, as every tool writes it; else it is read as it is.
    if (
        spec is None
        or _FURTHER.search(part, spec.start())
        or not _is_definition(part[: spec.start()])
    ):
        return part
    return part[: spec.start()] + "\n" * part.count("\n", spec.start())


def _is_definition(head: str) -> bool:
    """Whether what stands above a schema is a definition to a parser of YAML too."""
    from mlsec.collect.located.yaml import parse_documents  # noqa: PLC0415 - few files ask

    try:
        documents = list(parse_documents(head))
    except MlsecError:
        return False
    return (
        len(documents) == 1
        and documents[0].text("kind") == "CustomResourceDefinition"
        and documents[0].text("apiVersion").startswith("apiextensions.k8s.io/")
    )
