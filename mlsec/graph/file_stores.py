"""Which store a model file lies in: two clouds may have stores of one name, so its address says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.core.vocabulary import RelationKind
from mlsec.graph.values import Targets

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

# How an address begins, and which type's property the part after it equals.
_STORES: Mapping[str, RelationKind] = {
    "s3": RelationKind(name="bucket", to="aws.s3.bucket", match="name"),
    "gs": RelationKind(name="bucket", to="gcp.storage.bucket", match="name"),
    "az": RelationKind(name="bucket", to="azure.storage.container", match="address"),
}


def store_of(resource: Resource, graph: Graph) -> Targets:
    """Give the bucket or container of a file; none for a file on disk."""
    scheme, is_address, rest = resource.id.partition("://")
    kind = _STORES.get(scheme) if is_address else None
    if kind is None:
        return Targets()
    return Targets(found=tuple(graph.look_up(resource, kind, _name_in(scheme, rest))))


def _name_in(scheme: str, rest: str) -> str:
    account_or_bucket, _, inside = rest.partition("/")
    if scheme != "az":
        return account_or_bucket
    return f"{account_or_bucket}/{inside.partition('/')[0]}".lower()


FILE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {"files.store": store_of}
