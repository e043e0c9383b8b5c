"""Keys in Azure key vaults: usable or not, whose they are, and who from outside may use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import Answer, all_of, not_, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.external_principals import (
    ExternalPrincipals,
    names_of,
    outsiders_with,
    with_others,
)
from mlsec.providers.azure.facts.role_assignments import Right

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_USES = tuple(
    Right(f"microsoft.keyvault/vaults/keys/{verb}/action", is_data=True)
    for verb in ("decrypt", "encrypt", "wrap", "unwrap", "sign")
)
# Who may change the vault may, in one of access policies, let himself in.
_CHANGE_POLICIES = Right("microsoft.keyvault/vaults/accesspolicies/write")


def is_usable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the key is enabled; deleted keys are not listed."""
    del graph
    fact = property_value(resource, "enabled")
    return fact if isinstance(fact, Unknown) else Known(bool(fact.value))


def has_customer_key(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the resource names a key: every key in a vault is the customer's."""
    del graph
    fact = property_value(resource, "key_uri")
    return fact if isinstance(fact, Unknown) else Known(fact.value is not None)


def log_has_customer_key(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a log store stands on a cluster that names a key."""
    fact = property_value(resource, "cluster_id")
    if isinstance(fact, Unknown):
        return fact
    if fact.value is None:
        return Known(value=False)
    clusters = graph.targets(resource, "cluster")
    for cluster in clusters.resources:
        return has_customer_key(cluster, graph)
    return Unknown(clusters.gaps)


def external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other tenants that may use the key, in order."""
    return names_of(_users(resource, graph), resource, graph)


def has_external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody of another tenant may use the key."""
    return verdict(_users(resource, graph).is_some, resource, graph)


def _users(resource: Resource, graph: Graph) -> ExternalPrincipals:
    vaults = graph.targets(resource, "vault")
    by_role = unknown(vaults.gaps)
    for vault in vaults.resources:
        by_role = flag(vault, "uses_rbac")
    place = str(resource.properties.get("vault_id", ""))
    ways = [(right, resource.identity, by_role) for right in _USES]
    found = outsiders_with([*ways, (_CHANGE_POLICIES, place, not_(by_role))], resource, graph)
    named = [pair for vault in vaults.resources for pair in _in_policies(vault, not_(by_role))]
    return with_others(found, named)


def _in_policies(vault: Resource, counts: Answer) -> Iterator[tuple[str, Answer]]:
    """Access policies name their tenant: one that is not the vault's is an outsider's."""
    home, held = property_value(vault, "tenant_id"), property_value(vault, "access_policies")
    if isinstance(home, Unknown) or isinstance(held, Unknown):
        gaps = (*getattr(home, "gaps", ()), *getattr(held, "gaps", ()))
        yield "access policies", all_of((counts, unknown(gaps)))
        return
    for each in held.value or ():
        if each.get("keys") and each.get("tenant_id") != home.value:
            yield f"{each['principal_id']} of tenant {each['tenant_id']}", counts


AZURE_KEYS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_keys.is_usable": is_usable,
    "azure_keys.has_customer_key": has_customer_key,
    "azure_keys.log_has_customer_key": log_has_customer_key,
    "azure_keys.external_users": external_users,
    "azure_keys.has_external_users": has_external_users,
}
