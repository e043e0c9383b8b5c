"""Definitions of custom kinds: megabytes of schema that hold no fact about a deployment."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?m)^(?=---)")
_KIND = re.compile(r"(?m)^kind:[ \t]*[\"']?CustomResourceDefinition\b")
_SPEC = re.compile(r"(?m)^spec:")
_NAMED = re.compile(r"(?m)^(?:kind|metadata):")


def without_schemas(text: str) -> str:
    """Give a manifest with the schemas of custom kinds left blank; each line stays where it was."""
    if "CustomResourceDefinition" not in text or text.lstrip().startswith("{"):
        return text
    return "".join(_blanked(part) for part in _PARTS.split(text))


def _blanked(part: str) -> str:
    if not _KIND.search(part):
        return part
    spec = _SPEC.search(part)
    # What names the object stands first, as every tool writes it; else it is read as it is.
    if spec is None or any(match.start() > spec.start() for match in _NAMED.finditer(part)):
        return part
    return part[: spec.start()] + "\n" * part.count("\n", spec.start())
