"""Shapes of SageMaker's answers: one-or-many fields, and what a scaling target scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def elements(raw: Any) -> list[Any] | None:
    """Give a list as it is and a single mapping as a list of one: the API has one or the other."""
    if raw is None or isinstance(raw, list):
        return raw
    return [raw] if raw else []


def scaled_endpoint(raw: Any) -> str | None:
    """Give the endpoint of ``endpoint/NAME/variant/VARIANT``; None for an inference component."""
    parts = str(raw).split("/") if raw else []
    return parts[1] if len(parts) > 1 and parts[0] == "endpoint" else None


SAGEMAKER_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "elements": elements,
    "scaled_endpoint": scaled_endpoint,
}
