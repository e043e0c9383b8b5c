"""The table of shapes: named functions that turn a raw AWS value into a property's value.

A shape gets the raw value and gives None for None. It raises ShapeError (a ValueError) for a value
it cannot understand: the property is then unread with a ``malformed`` gap, never absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.images import image_names
from mlsec.providers.aws.shapes import addresses as address
from mlsec.providers.aws.shapes import policy_document as policy
from mlsec.providers.aws.shapes.bedrock import BEDROCK_SHAPES
from mlsec.providers.aws.shapes.compute import COMPUTE_SHAPES
from mlsec.providers.aws.shapes.gateways import GATEWAY_SHAPES
from mlsec.providers.aws.shapes.monitoring import WATCH_SHAPES
from mlsec.providers.aws.shapes.networks import NETWORK_SHAPES
from mlsec.providers.aws.shapes.policy_document import ShapeError
from mlsec.providers.aws.shapes.sagemaker import SAGEMAKER_SHAPES

Shape = Callable[[Any], Any]
_NAME_KEYS = ("Name", "name", "Key", "key", "Id", "id")


def entries(raw: Any) -> list[dict[str, Any]] | None:
    """Turn a mapping into a list of {key, value}, sorted by key."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise ShapeError("expected a mapping")
    return [{"key": str(key), "value": value} for key, value in sorted(raw.items())]


def tag_map(raw: Any) -> dict[str, str] | None:
    """Turn tags as a list of {Key, Value} (any case) or as a mapping into a mapping."""
    if raw is None:
        return None
    if isinstance(raw, Mapping):
        return {str(key): str(value) for key, value in raw.items()}
    tags = [{str(k).lower(): v for k, v in item.items()} for item in raw]
    return {
        str(item.get("key", item.get("tagkey"))): str(item.get("value", item.get("tagvalue", "")))
        for item in tags
    }


def names(raw: Any) -> list[str] | None:
    """Turn a list of mappings into the list of their names."""
    if raw is None:
        return None
    return [str(_name_of(item)) for item in raw]


def is_present(raw: Any) -> bool | None:
    """Say True for anything that is there (and not empty); ``absent: false`` covers the rest."""
    return None if raw is None else bool(raw)


def is_enabled(raw: Any) -> bool | None:
    """Turn Enabled / ENABLED / On / true into True, any other word into False."""
    if raw is None or isinstance(raw, bool):
        return raw
    return str(raw).lower() in ("enabled", "enable", "on", "true", "active")


def count(raw: Any) -> int | None:
    """Count the elements of a list or mapping."""
    return None if raw is None else len(raw)


def texts(raw: Any) -> list[str] | None:
    """Turn one scalar or a list of scalars into a list of strings."""
    if raw is None:
        return None
    return [str(item) for item in raw] if isinstance(raw, list | tuple) else [str(raw)]


def first(raw: Any) -> Any:
    """Give the first element; None for an empty list."""
    return raw[0] if raw else None


def lower(raw: Any) -> str | None:
    """Give the text in lower case."""
    return None if raw is None else str(raw).lower()


def each(shape: Shape) -> Shape:
    """Make a shape for a list from one for its elements; what gives None is left out."""

    def shaped(raw: Any) -> list[Any] | None:
        if raw is None:
            return None
        shaped_items = [shape(item) for item in raw]
        return [item for item in shaped_items if item is not None]

    return shaped


def _name_of(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    for key in _NAME_KEYS:
        if key in item:
            return item[key]
    raise ShapeError("an element without a name")


SHAPES: Mapping[str, Shape] = {
    "account_of": address.account_of,
    "count": count,
    "default_version": policy.read_default_version,
    "ecr_repository": image_names.of_reference(address.ecr_repository),
    "own_ecr_repository": image_names.of_reference(address.own_ecr_repository),
    "entries": entries,
    "first": first,
    "image_digest": image_names.of_reference(image_names.image_digest),
    "image_tag": image_names.of_reference(image_names.image_tag),
    "is_enabled": is_enabled,
    "is_present": is_present,
    "last_segment": address.last_segment,
    "lower": lower,
    "named_policies": policy.read_named_policies,
    "names": names,
    "policy": policy.read_policy,
    "region_of": address.region_of,
    "registry_host": image_names.of_reference(image_names.registry_host),
    "s3_bucket": address.s3_bucket,
    "s3_bucket_arn": address.s3_bucket_arn,
    "s3_buckets": each(address.s3_bucket),
    "s3_key": address.s3_key,
    "tag_map": tag_map,
    "texts": texts,
    "url_host": address.url_host,
    **BEDROCK_SHAPES,
    **COMPUTE_SHAPES,
    **GATEWAY_SHAPES,
    **NETWORK_SHAPES,
    **SAGEMAKER_SHAPES,
    **WATCH_SHAPES,
}
