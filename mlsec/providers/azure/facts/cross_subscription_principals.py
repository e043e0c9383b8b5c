"""Identities of other subscriptions with a right in this one, by its role assignments.

The assignments of an identity, and those of its groups, are listed in its own subscription: at,
above and below that subscription. A role in another subscription appears only in the list of that
one. Groups appear there too, but not their members: unless the identity's own subscription lists
the group, the identity may be a member.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets, Unknown
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.azure.facts.grants import grants_of
from mlsec.providers.azure.facts.rights import Right
from mlsec.providers.azure.facts.role_assignments import (
    Grant,
    above,
    grant_of,
    is_over_subscriptions,
    may,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_IDENTITY = "azure.identity.managed_identity"
_ASSIGNMENT = "azure.identity.role_assignment"
# Kinds of principals without members.
_SINGLE = ("User", "ServicePrincipal", "Device")


class _GrantIndex(msgspec.Struct, frozen=True, kw_only=True):
    """Grants of a subscription by their scope ("" for those above it), and whom they name."""

    by_scope: Mapping[str, tuple[Grant, ...]]
    principals: frozenset[str]


def cross_subscription_holders(
    ways: Iterable[tuple[Right, str, Answer]], seen_from: Resource, graph: Graph
) -> Targets:
    """Find the identities of other subscriptions with one of the rights at its place."""
    others = tuple(scope for scope in _scopes(graph) if scope != seen_from.scope)
    if not others:
        return Targets()
    listed_ways = tuple(ways)
    known = graph.memo(("azure identities by principal", ""), lambda: _by_principal(graph))
    book = _grant_index(seen_from.scope, graph)
    resources: dict[str, Resource] = {}
    gaps = set(graph.incomplete(_ASSIGNMENT, seen_from.scope, ""))
    for grant in _near(book, (place for _, place, _ in listed_ways)):
        named = [i for i in known.get(grant.principal_id, ()) if i.scope != seen_from.scope]
        doubt = _may_be_in(grant, others, graph)
        if not (named or doubt):
            continue
        answer = any_of(
            all_of((when, may((grant,), right, place, seen_from, graph)))
            for right, place, when in listed_ways
        )
        if answer == NO:
            continue
        resources |= {principal.id: principal for principal in named if answer == YES}
        gaps |= as_gaps((*answer.because, *doubt), seen_from, graph)
    return Targets(
        resources=tuple(resources[key] for key in sorted(resources)), gaps=tuple(sorted(gaps))
    )


def _near(book: _GrantIndex, places: Iterable[str]) -> list[Grant]:
    scopes = {"", *(scope for place in places for scope in above(place))}
    return [grant for scope in sorted(scopes) for grant in book.by_scope.get(scope, ())]


def _may_be_in(grant: Grant, others: Iterable[str], graph: Graph) -> tuple[str, ...]:
    """Give the gaps for identities whose membership of a group is not known."""
    if grant.principal_type in _SINGLE:
        return ()
    if all(grant.principal_id in _grant_index(other, graph).principals for other in others):
        return ()
    return (f"?which identities of other subscriptions are in the group {grant.principal_id}",)


def _scopes(graph: Graph) -> tuple[str, ...]:
    """Give the subscriptions that have identities."""
    return graph.memo(
        ("azure identity scopes", ""),
        lambda: tuple(sorted({resource.scope for resource in graph.of_type(_IDENTITY)})),
    )


def _by_principal(graph: Graph) -> dict[str, tuple[Resource, ...]]:
    """Index identities by their own principal and by the groups that they are known to be in."""
    index: dict[str, tuple[Resource, ...]] = {}
    for resource in graph.of_type(_IDENTITY):
        grants = grants_of(resource, graph)
        groups = () if isinstance(grants, Unknown) else (grant.principal_id for grant in grants)
        for principal in sorted(
            {str(resource.properties.get("principal_id") or ""), *groups} - {""}
        ):
            index[principal] = (*index.get(principal, ()), resource)
    return index


def _grant_index(scope: str, graph: Graph) -> _GrantIndex:
    return graph.memo(("azure grants here", scope), lambda: _build_grant_index(scope, graph))


def _build_grant_index(scope: str, graph: Graph) -> _GrantIndex:
    by_scope: dict[str, list[Grant]] = {}
    for resource in graph.of_type_in(_ASSIGNMENT, scope):
        grant = grant_of(resource)
        key = "" if is_over_subscriptions(grant.scope) else grant.scope
        by_scope.setdefault(key, []).append(grant)
    grants_by_scope = {key: tuple(grants) for key, grants in by_scope.items()}
    names = frozenset(grant.principal_id for grants in grants_by_scope.values() for grant in grants)
    return _GrantIndex(by_scope=grants_by_scope, principals=names)
