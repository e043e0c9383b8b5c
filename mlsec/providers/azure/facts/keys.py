"""Keys in Azure key vaults: whether they are usable, who owns them, and external users."""

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
    external_principals_with,
    names_of,
    with_others,
)
from mlsec.providers.azure.facts.rights import Right

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_USES = tuple(
    Right(f"microsoft.keyvault/vaults/keys/{verb}/action", is_data=True)
    for verb in ("decrypt", "encrypt", "wrap", "unwrap", "sign")
)
# In a vault with access policies, the right to change the vault includes granting oneself access.
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
    """Whether a log store is on a cluster with a customer-managed key."""
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
    """List the principals of other tenants that may use the key, in order."""
    return names_of(_users(resource, graph), resource, graph)


def has_external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a principal of another tenant may use the key."""
    return verdict(_users(resource, graph).is_some, resource, graph)


def _users(resource: Resource, graph: Graph) -> ExternalPrincipals:
    vaults = graph.targets(resource, "vault")
    by_role = unknown(vaults.gaps)
    for vault in vaults.resources:
        by_role = flag(vault, "uses_rbac")
    place = str(resource.properties.get("vault_id", ""))
    ways = [(right, resource.identity, by_role) for right in _USES]
    principals = external_principals_with(
        [*ways, (_CHANGE_POLICIES, place, not_(by_role))], resource, graph
    )
    named = [pair for vault in vaults.resources for pair in _in_policies(vault, not_(by_role))]
    return with_others(principals, named)


def _in_policies(vault: Resource, counts: Answer) -> Iterator[tuple[str, Answer]]:
    """Give the principals of access policies whose tenant is not the vault's."""
    home, policies = property_value(vault, "tenant_id"), property_value(vault, "access_policies")
    if isinstance(home, Unknown) or isinstance(policies, Unknown):
        gaps = (*getattr(home, "gaps", ()), *getattr(policies, "gaps", ()))
        yield "access policies", all_of((counts, unknown(gaps)))
        return
    for policy in policies.value or ():
        if policy.get("keys") and policy.get("tenant_id") != home.value:
            yield f"{policy['principal_id']} of tenant {policy['tenant_id']}", counts


AZURE_KEYS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_keys.is_usable": is_usable,
    "azure_keys.has_customer_key": has_customer_key,
    "azure_keys.log_has_customer_key": log_has_customer_key,
    "azure_keys.external_users": external_users,
    "azure_keys.has_external_users": has_external_users,
}
