"""Label selectors as requirements, and whether labels meet them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def meets(labels: Mapping[str, str], requirements: Iterable[Mapping[str, Any]]) -> bool:
    """Whether labels match the requirements of a selector."""
    for requirement in requirements:
        key, values = requirement.get("key", ""), requirement.get("values", ())
        match requirement.get("operator"):
            case "In":
                if labels.get(key) not in values:
                    return False
            case "NotIn":
                if labels.get(key) in values:
                    return False
            case "Exists":
                if key not in labels:
                    return False
            case "DoesNotExist":
                if key in labels:
                    return False
            case _:
                return False
    return True
