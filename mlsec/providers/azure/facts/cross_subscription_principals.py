"""Identities of other subscriptions that hold a right here, by the assignments that stand here.

What reaches an identity is asked in its own subscription: its own assignments, and those of its
groups, at, above and below that subscription. A role that another subscription gives it shows only
in the list of that other one. A group shows there too, and who is in it does not: unless the
identity's own subscription knows the group, the identity may be in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets, Unknown
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.azure.facts.permissions import grants_of
from mlsec.providers.azure.facts.role_assignments import (
    Grant,
    Right,
    above,
    grant_of,
    is_over_subscriptions,
    may,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_IDENTITY = "azure.identity.managed_identity"
_ASSIGNMENT = "azure.identity.role_assignment"
# Principals that stand for nobody else.
_SINGLE = ("User", "ServicePrincipal", "Device")


class _Book(msgspec.Struct, frozen=True, kw_only=True):
    """Grants of a subscription by their scope ("" for those above it), and whom they name."""

    by_scope: Mapping[str, tuple[Grant, ...]]
    principals: frozenset[str]


def holders_abroad(
    ways: Iterable[tuple[Right, str, Answer]], seen_from: Resource, graph: Graph
) -> Targets:
    """Find the identities of other subscriptions with one of the rights: each with its place."""
    others = tuple(scope for scope in _scopes(graph) if scope != seen_from.scope)
    if not others:
        return Targets()
    held = tuple(ways)
    known = graph.memo(("azure identities abroad", ""), lambda: _by_principal(graph))
    book = _book_of(seen_from.scope, graph)
    resources: dict[str, Resource] = {}
    gaps = set(graph.incomplete(_ASSIGNMENT, seen_from.scope, ""))
    for grant in _near(book, (place for _, place, _ in held)):
        named = [i for i in known.get(grant.principal_id, ()) if i.scope != seen_from.scope]
        doubt = _may_be_in(grant, others, graph)
        if not (named or doubt):
            continue
        answer = any_of(
            all_of((when, may((grant,), right, place, seen_from, graph)))
            for right, place, when in held
        )
        if answer == NO:
            continue
        resources |= {each.id: each for each in named if answer == YES}
        gaps |= as_gaps((*answer.because, *doubt), seen_from, graph)
    return Targets(
        resources=tuple(resources[key] for key in sorted(resources)), gaps=tuple(sorted(gaps))
    )


def _near(book: _Book, places: Iterable[str]) -> list[Grant]:
    scopes = {"", *(scope for place in places for scope in above(place))}
    return [grant for scope in sorted(scopes) for grant in book.by_scope.get(scope, ())]


def _may_be_in(grant: Grant, others: Iterable[str], graph: Graph) -> tuple[str, ...]:
    """Give the doubt whether identities of subscriptions that do not know a group are in it."""
    if grant.principal_type in _SINGLE:
        return ()
    if all(grant.principal_id in _book_of(other, graph).principals for other in others):
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


def _book_of(scope: str, graph: Graph) -> _Book:
    return graph.memo(("azure grants here", scope), lambda: _read_book(scope, graph))


def _read_book(scope: str, graph: Graph) -> _Book:
    by_scope: dict[str, list[Grant]] = {}
    for resource in graph.of_type(_ASSIGNMENT):
        if resource.scope == scope:
            grant = grant_of(resource)
            key = "" if is_over_subscriptions(grant.scope) else grant.scope
            by_scope.setdefault(key, []).append(grant)
    held = {key: tuple(grants) for key, grants in by_scope.items()}
    names = frozenset(grant.principal_id for grants in held.values() for grant in grants)
    return _Book(by_scope=held, principals=names)
