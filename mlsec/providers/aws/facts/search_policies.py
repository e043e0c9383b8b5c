"""What the policies of a region say about one search collection: open to whom, written by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.core.wildcard import matches_stars
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.lookups import kind_of
from mlsec.graph.ternary import unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.resource_policy import account_in
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_NETWORK, _ACCESS = "network_policies", "access_policies"
_EVERYTHING = "aoss:*"
_WRITES = (_EVERYTHING, "aoss:WriteDocument")


def network_policies(resource: Resource, graph: Graph) -> Targets:
    """Find the network policies whose patterns cover the collection."""
    return _covering(resource, graph, "search.network_policies")


def access_policies(resource: Resource, graph: Graph) -> Targets:
    """Find the data access policies whose patterns cover the collection or its indexes."""
    return _covering(resource, graph, "search.access_policies")


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a network policy opens the collection's data to everybody; one is enough."""
    return _is_open(resource, graph, "collection")


def has_public_dashboard(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a network policy opens the collection's dashboard to everybody."""
    return _is_open(resource, graph, "dashboard")


def external_principals(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other accounts that data access policies let in."""
    own = account_of(resource)
    principals = _principals(
        resource, graph, lambda principal, _: account_in(principal) not in ("", own)
    )
    if own == CODE_ACCOUNT and isinstance(principals, Known) and principals.value:
        return verdict(unknown({"?whose account it names"}), resource, graph)
    return principals


def full_principals(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals that may do everything with the data."""
    return _principals(resource, graph, lambda _, rights: _EVERYTHING in rights)


def writer_roles(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the roles that may write documents."""
    return _principals(
        resource,
        graph,
        lambda principal, rights: ":role/" in principal and any(w in rights for w in _WRITES),
    )


def _is_open(resource: Resource, graph: Graph, kind: str) -> Known | Unknown:
    policies = graph.targets(resource, _NETWORK)
    for policy in policies.resources:
        for grant, rule in _rules(policy, resource):
            if grant.get("public") is True and rule.get("kind") == kind:
                return Known(value=True)
    return Unknown(policies.gaps) if policies.gaps else Known(value=False)


def _principals(
    resource: Resource, graph: Graph, is_meant: Callable[[str, tuple[str, ...]], bool]
) -> Known | Unknown:
    policies = graph.targets(resource, _ACCESS)
    if policies.gaps:
        return Unknown(policies.gaps)
    principals = {
        principal
        for policy in policies.resources
        for grant, rule in _rules(policy, resource)
        if rule.get("kind") == "index"
        for principal in grant.get("principals") or ()
        if is_meant(principal, tuple(rule.get("permissions") or ()))
    }
    return Known(sorted(principals))


def _covering(resource: Resource, graph: Graph, derived: str) -> Targets:
    target = kind_of(resource, graph, derived).to
    gaps = set(graph.incomplete(target, resource.scope, resource.region))
    covering = []
    for policy in graph.of_type_in(target, resource.scope):
        if policy.region != resource.region:
            continue
        fact = property_value(policy, "grants")
        if isinstance(fact, Unknown):
            # What another app declares hides nothing here; that more may exist is a gap already.
            is_near = not is_code(policy.scope) or policy.origin.stack == resource.origin.stack
            gaps.update(fact.gaps if is_near else ())
        elif any(True for _ in _rules(policy, resource)):
            covering.append(policy)
    return Targets(resources=tuple(covering), gaps=tuple(sorted(gaps)))


def _rules(
    policy: Resource, collection: Resource
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Give each (grant, rule) of a policy that covers the collection."""
    fact = property_value(policy, "grants")
    for grant in (fact.value or ()) if isinstance(fact, Known) else ():
        for rule in grant.get("rules") or ():
            if any(
                _covers(str(pattern), collection.name) for pattern in rule.get("resources") or ()
            ):
                yield grant, rule


def _covers(pattern: str, name: str) -> bool:
    """Whether ``collection/NAME`` or ``index/NAME/INDEX`` is about it; * is a wildcard."""
    kind, _, rest = pattern.partition("/")
    wanted = rest.partition("/")[0] if kind == "index" else rest
    return matches_stars(wanted, name)


SEARCH: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "search.is_public": is_public,
    "search.has_public_dashboard": has_public_dashboard,
    "search.external_principals": external_principals,
    "search.full_principals": full_principals,
    "search.writer_roles": writer_roles,
}

SEARCH_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "search.network_policies": network_policies,
    "search.access_policies": access_policies,
}
