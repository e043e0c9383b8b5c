"""Container registries on Azure: anonymous pull, and external principals that may push."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import YES, all_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.external_principals import (
    ExternalPrincipals,
    external_principals_with,
    names_of,
)
from mlsec.providers.azure.facts.permissions import PUSH_IMAGES
from mlsec.providers.azure.facts.rights import Right

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Registries whose rights go down to repositories ask for the data action instead; the admin user's
# password, and an import from elsewhere, put images there too.
_PUSHES = (
    PUSH_IMAGES,
    Right("microsoft.containerregistry/registries/repositories/content/write", is_data=True),
    Right("microsoft.containerregistry/registries/importimage/action"),
)
# The scope maps that every registry has, and whether they let push.
_MAPS = {
    "_repositories_pull": False,
    "_repositories_pull_metadata_read": False,
    "_repositories_push": True,
    "_repositories_push_metadata_write": True,
    "_repositories_admin": True,
}
_ADMIN_PASSWORD = Right("microsoft.containerregistry/registries/listcredentials/action")


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anonymous pull is allowed from any address."""
    answer = all_of((flag(resource, "anonymous_pull"), flag(resource, "is_reachable")))
    return verdict(answer, resource, graph)


def external_pushers(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the principals of other tenants that may push, in order."""
    return names_of(_pushers(resource, graph), resource, graph)


def has_external_pushers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a principal of another tenant may push."""
    return verdict(_pushers(resource, graph).is_some, resource, graph)


def token_may_push(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a token may push, by a built-in scope map; custom scope maps are not read."""
    fact = property_value(resource, "scope_map")
    if isinstance(fact, Unknown):
        return fact
    if fact.value in _MAPS:
        return Known(_MAPS[fact.value])
    return verdict(unknown((f"?what the scope map {fact.value} allows",)), resource, graph)


def _pushers(resource: Resource, graph: Graph) -> ExternalPrincipals:
    ways = [(right, resource.identity, YES) for right in _PUSHES]
    admin = (_ADMIN_PASSWORD, resource.identity, flag(resource, "admin_user"))
    return external_principals_with([*ways, admin], resource, graph)


AZURE_REGISTRIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_registries.is_public": is_public,
    "azure_registries.token_may_push": token_may_push,
    "azure_registries.external_pushers": external_pushers,
    "azure_registries.has_external_pushers": has_external_pushers,
}
