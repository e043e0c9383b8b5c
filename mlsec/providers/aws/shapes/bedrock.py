"""Shapes for generative AI services: keys that are not the owner's, functions, secrets in texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def kms_arn(raw: Any) -> str | None:
    """Give the ARN of a customer's key; None for ``auto``, ``DEFAULT`` and other words.

    Services write such a word where a key of their own is in use.
    """
    return str(raw) if raw and str(raw).startswith("arn:") else None


def function_arn(raw: Any) -> str | None:
    """Give a Lambda function's ARN without version or alias; None when there is none."""
    if not raw:
        return None
    parts = str(raw).split(":")
    return ":".join(parts[:7]) if parts[0] == "arn" else str(raw)


def secret_kinds(raw: Any) -> list[str] | None:
    """Give the kinds of secrets in the reduced texts anywhere inside a value, each once, sorted.

    A reduced text is a mapping with ``~secret``: the kind that was recognised, or null.
    """
    return None if raw is None else sorted(set(_kinds(raw)))


def _kinds(raw: Any) -> Iterator[str]:
    if isinstance(raw, dict):
        if raw.get("~secret"):
            yield str(raw["~secret"])
        for value in raw.values():
            yield from _kinds(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _kinds(value)


BEDROCK_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "function_arn": function_arn,
    "kms_arn": kms_arn,
    "secret_kinds": secret_kinds,
}
