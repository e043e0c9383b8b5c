"""Which store a model file lies in, and which identities load it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets
from mlsec.vocabulary.types import RelationKind

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Two clouds may have stores of one name: how an address begins says of which it is, and which
# property of the type the part after it equals.
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
    return Targets(resources=tuple(graph.look_up(resource, kind, _name_in(scheme, rest))))


def roles_of(resource: Resource, graph: Graph) -> Targets:
    """Give the identities that load a file: those of its models, or where the cloud gives the
    identity to the endpoint, those of the endpoints.
    """
    resources: dict[str, Resource] = {}
    models = graph.targets(resource, "models")
    gaps = set(models.gaps)
    for model in models.resources:
        own = graph.vocabulary.types.get(model.type)
        is_on_model = own is None or "role" not in own.lacks
        loaders = Targets(resources=(model,)) if is_on_model else graph.targets(model, "endpoints")
        gaps |= set(loaders.gaps)
        for loader in loaders.resources:
            reached = graph.targets(loader, "role")
            gaps |= set(reached.gaps)
            resources |= {role.id: role for role in reached.resources}
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


def _name_in(scheme: str, rest: str) -> str:
    account_or_bucket, _, inside = rest.partition("/")
    if scheme != "az":
        return account_or_bucket
    return f"{account_or_bucket}/{inside.partition('/')[0]}".lower()


FILE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "files.store": store_of,
    "files.roles": roles_of,
}
