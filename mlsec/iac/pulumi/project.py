"""Which of Pulumi's projects list their resources themselves."""

from __future__ import annotations

from mlsec.core.regex import regex

_RUNTIME = regex(
    r"(?m)^runtime[^\S\n]*+:[^\S\n]*+(?:yaml\b|\n[^\S\n]++name[^\S\n]*+:[^\S\n]*+yaml\b)"
)
_RESOURCES = regex(r"(?m)^resources[^\S\n]*+:")


def is_program(text: str) -> bool:
    """Whether a Pulumi.yaml is a program in YAML that lists resources."""
    return _RUNTIME.search(text) is not None and _RESOURCES.search(text) is not None
