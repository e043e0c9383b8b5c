"""Whether a key works, and whether what a resource is encrypted with is a key of the customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ENCRYPTS = ("ENCRYPT_DECRYPT", "RAW_ENCRYPT_DECRYPT")


def is_usable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the primary version is enabled; keys that only sign have no primary version."""
    del graph
    purpose, state = property_value(resource, "purpose"), property_value(resource, "state")
    if isinstance(state, Unknown):
        return state
    if isinstance(purpose, Known) and purpose.value not in _ENCRYPTS:
        return Known(value=True) if state.value == "NONE" else Known(state.value == "ENABLED")
    return Known(state.value == "ENABLED")


def has_customer_key(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it names a key of Cloud KMS: whoever owns that key, it is not Google's own."""
    del graph
    fact = property_value(resource, "key_name")
    return fact if isinstance(fact, Unknown) else Known(bool(fact.value))


GCP_KEYS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_keys.is_usable": is_usable,
    "gcp_keys.has_customer_key": has_customer_key,
}
