"""The table of shapes: named functions that turn a raw Google Cloud value into a property's value.

A shape gets the raw value and gives None for None. It raises ShapeError (a ValueError) for a value
it cannot understand: the property is then unread with a ``malformed`` gap, never absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.images import image_names
from mlsec.providers.gcp.shapes.api_gateways import API_SHAPES
from mlsec.providers.gcp.shapes.customer_engagement import CES_SHAPES
from mlsec.providers.gcp.shapes.neighbours import NEIGHBOUR_SHAPES
from mlsec.providers.gcp.shapes.platform import PLATFORM_SHAPES
from mlsec.providers.gcp.shapes.vertex import VERTEX_SHAPES

Shape = Callable[[Any], Any]


class ShapeError(ValueError):
    """A value that is not what the provider's documentation says."""


def is_present(raw: Any) -> bool | None:
    """Say True for anything that is there (and not empty); ``absent: false`` covers the rest."""
    return None if raw is None else bool(raw)


def count(raw: Any) -> int | None:
    """Count the elements of a list or mapping."""
    return None if raw is None else len(raw)


def entries(raw: Any) -> list[dict[str, Any]] | None:
    """Turn a mapping into a list of {key, value}, sorted by key."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise ShapeError("expected a mapping")
    return [{"key": str(key), "value": value} for key, value in sorted(raw.items())]


def last_segment(raw: Any) -> str | None:
    """Give what follows the last slash."""
    return None if raw is None else str(raw).rpartition("/")[2]


def number(raw: Any) -> int | None:
    """Read a whole number: Google's JSON writes 64-bit ones as text."""
    return None if raw is None else int(raw)


def seconds(raw: Any) -> float | None:
    """Read a duration such as ``2592000s``."""
    if raw is None:
        return None
    text = str(raw)
    if not text.endswith("s"):
        raise ShapeError("expected seconds such as 3600s")
    return float(text[:-1])


SHAPES: Mapping[str, Shape] = {
    "count": count,
    "entries": entries,
    "image_digest": image_names.of_reference(image_names.image_digest),
    "image_tag": image_names.of_reference(image_names.image_tag),
    "is_present": is_present,
    "last_segment": last_segment,
    "number": number,
    "registry_host": image_names.of_reference(image_names.registry_host),
    "seconds": seconds,
    **VERTEX_SHAPES,
    **API_SHAPES,
    **CES_SHAPES,
    **NEIGHBOUR_SHAPES,
    **PLATFORM_SHAPES,
}
