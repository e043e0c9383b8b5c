"""Access to blob containers on Azure, including that by settings of their account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.graph.verdicts import as_gaps, verdict
from mlsec.providers.azure.facts.cross_subscription_principals import cross_subscription_holders
from mlsec.providers.azure.facts.external_principals import (
    ExternalPrincipals,
    external_principals_with,
    names_of,
    with_others,
)
from mlsec.providers.azure.facts.permissions import (
    READ_BLOBS,
    READ_STORAGE_KEYS,
    WRITE_BLOBS,
    can,
    identities_near,
)
from mlsec.providers.azure.facts.rights import Right
from mlsec.vocabulary.iac_mapping import account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_IDENTITY = "azure.identity.managed_identity"
EVERYBODY = "*"


def is_public_read(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anonymous read is allowed by the container, the account and the firewall."""
    return verdict(_is_anonymous(resource, graph), resource, graph)


def accepts_keys(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account key, or a SAS signed with one, allows writing."""
    return verdict(_of_account(resource, graph, "allows_shared_key"), resource, graph)


def is_immutable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy or a hold keeps blobs from being overwritten."""
    names = ("has_immutability_policy", "has_legal_hold", "version_immutability")
    return verdict(any_of(flag(resource, name) for name in names), resource, graph)


def has_external_writers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a principal outside of the tenant or the subscription may write."""
    return verdict(_writing(resource, graph).is_some, resource, graph)


def has_external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anonymous callers or external principals may read."""
    return verdict(_reading(resource, graph).is_some, resource, graph)


def external_writers(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the external writers, in order."""
    return names_of(_writing(resource, graph), resource, graph)


def external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the external readers, ``*`` for anonymous access, in order."""
    return names_of(_reading(resource, graph), resource, graph)


def writers(resource: Resource, graph: Graph) -> Targets:
    """Find the managed identities that may write blobs: by a data role, or by reading the keys."""
    cross_subscription = cross_subscription_holders(
        _ways(resource, graph, WRITE_BLOBS), resource, graph
    )
    principals = {target.id: target for target in cross_subscription.resources}
    gaps = {*graph.incomplete(_IDENTITY, resource.scope, ""), *cross_subscription.gaps}
    with_keys = _of_account(resource, graph, "allows_shared_key")
    for identity in identities_near(resource.identity, graph):
        by_role = can(identity, (WRITE_BLOBS,), resource.identity, graph)
        by_keys = can(identity, (READ_STORAGE_KEYS,), _account_id(resource), graph)
        answer = any_of((by_role, all_of((by_keys, with_keys))))
        if answer == YES:
            principals[identity.id] = identity
        elif answer.truth is Truth.UNKNOWN:
            gaps |= as_gaps(answer.because, identity, graph)
    return Targets(resources=tuple(principals.values()), gaps=tuple(sorted(gaps)))


def logs_access(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether reads and writes of blobs are both logged."""
    del graph
    fact = property_value(resource, "log_categories")
    if isinstance(fact, Unknown):
        return fact
    is_all = "group:allLogs" in fact.value
    return Known(is_all or {"StorageRead", "StorageWrite"} <= set(fact.value))


def _account_fact(name: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(_of_account(resource, graph, name), resource, graph)

    derive.__doc__ = f"Whether its account has {name}."
    return derive


def _is_anonymous(resource: Resource, graph: Graph) -> Answer:
    match property_value(resource, "public_access"):
        case Known(value="None" | None):
            return NO
        case Known():
            opened = YES
        case Unknown(gaps=gaps):
            opened = unknown(gaps)
    account = (_of_account(resource, graph, n) for n in ("allows_anonymous", "is_reachable"))
    return all_of((opened, *account))


def _writing(resource: Resource, graph: Graph) -> ExternalPrincipals:
    principals = external_principals_with(_ways(resource, graph, WRITE_BLOBS), resource, graph)
    return with_others(principals, _copiers(resource, graph, "source", "destination"))


def _reading(resource: Resource, graph: Graph) -> ExternalPrincipals:
    principals = external_principals_with(_ways(resource, graph, READ_BLOBS), resource, graph)
    copied = _copiers(resource, graph, "destination", "source")
    return with_others(principals, ((EVERYBODY, _is_anonymous(resource, graph)), *copied))


def _ways(resource: Resource, graph: Graph, right: Right) -> tuple[tuple[Right, str, Answer], ...]:
    keys = _of_account(resource, graph, "allows_shared_key")
    return (right, resource.identity, YES), (READ_STORAGE_KEYS, _account_id(resource), keys)


def _copiers(resource: Resource, graph: Graph, far: str, near: str) -> Iterator[tuple[str, Answer]]:
    """Give the accounts of other subscriptions that blobs are copied from, or to."""
    for account in graph.targets(resource, "account").resources:
        fact = property_value(account, "replications")
        if isinstance(fact, Unknown):
            yield "replication", unknown(fact.gaps)
            continue
        for rule in fact.value or ():
            if _is_here(rule, near, account) and rule[f"{near}_container"] == resource.name.lower():
                yield rule[far], _is_elsewhere(rule[far], resource, graph)


def _is_here(rule: Mapping[str, Any], near: str, account: Resource) -> bool:
    return rule[near] in (account.identity, account.name.lower())


def _is_elsewhere(account: str, resource: Resource, graph: Graph) -> Answer:
    """Whether a copy partner is elsewhere: named by its id, or across tenants by its name only."""
    if account.startswith("/subscriptions/"):
        is_own = account.split("/")[2] == account_of(resource).lower()
        if not is_own and is_code(resource.scope):
            return unknown(("?the subscription that this is deployed to",))
        return NO if is_own else YES
    near = list(graph.of_type_in("azure.storage.account", resource.scope))
    if any(a.name.lower() == account for a in near):
        return NO
    return unknown((f"?the place of storage account {account}",))


def _of_account(resource: Resource, graph: Graph, name: str) -> Answer:
    accounts = graph.targets(resource, "account")
    if not accounts.resources:
        return unknown(accounts.gaps)
    return any_of(flag(account, name) for account in accounts.resources)


def _account_id(resource: Resource) -> str:
    return str(resource.properties.get("account_id", "")).lower()


AZURE_STORAGE: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_storage.logs_access": logs_access,
    "azure_storage.is_immutable": is_immutable,
    "azure_storage.is_public_read": is_public_read,
    "azure_storage.accepts_keys": accepts_keys,
    "azure_storage.has_external_writers": has_external_writers,
    "azure_storage.has_external_readers": has_external_readers,
    "azure_storage.external_writers": external_writers,
    "azure_storage.external_readers": external_readers,
    "azure_storage.is_versioned": _account_fact("versioning"),
    "azure_storage.access_logged": _account_fact("logs_access"),
    "azure_storage.has_customer_key": _account_fact("has_customer_key"),
}

AZURE_STORAGE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_storage.writers": writers,
}
