"""External principals with roles on Azure, as far as Resource Manager reports them.

It reports groups of other tenants (ForeignGroup) and of what is delegated to a managing tenant
(Lighthouse). It does not say whether a user is a guest, or where an application is at home.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.graph.verdicts import verdict
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

_ASSIGNMENT = "azure.identity.role_assignment"
_DELEGATION = "azure.identity.delegation"
_FOREIGN = "ForeignGroup"
_NO_KIND = ("", "Unknown")


class ExternalPrincipals(msgspec.Struct, frozen=True, kw_only=True):
    """External principals by name with an answer each, and an answer for those not visible."""

    named: tuple[tuple[str, Answer], ...] = ()
    hidden: Answer = NO

    @property
    def is_some(self) -> Answer:
        """Whether there is any external principal."""
        return any_of((*(answer for _, answer in self.named), self.hidden))


class ExternalAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """Grants to principals of other tenants in one subscription, with a display name for each.

    They are indexed by scope, those above the subscription under "". ``doubtful`` are the names of
    principals whose kind Azure does not report.
    """

    by_scope: Mapping[str, tuple[tuple[str, Grant], ...]]
    doubtful: frozenset[str]
    gaps: tuple[str, ...]

    def near(self, places: Iterable[str]) -> list[tuple[str, Grant]]:
        """Give the grants that reach one of the places."""
        scopes = {"", *(scope for place in places for scope in above(place))}
        return [pair for scope in sorted(scopes) for pair in self.by_scope.get(scope, ())]


def external_assignments(seen_from: Resource, graph: Graph) -> ExternalAssignment:
    """Give the grants to external principals in a subscription; read once per subscription."""
    return graph.memo(
        ("azure external principals", seen_from.scope),
        lambda: _read_external_assignments(seen_from, graph),
    )


def external_principals_with(
    ways: Iterable[tuple[Right, str, Answer]], seen_from: Resource, graph: Graph
) -> ExternalPrincipals:
    """Find the external principals with one of the rights at its place, under its condition."""
    foreign = external_assignments(seen_from, graph)
    listed_ways = list(ways)
    named: dict[str, Answer] = {}
    for name, grant in foreign.near({place for _, place, _ in listed_ways}):
        answer = any_of(
            all_of(
                (_is_foreign(name, foreign), when, may((grant,), right, place, seen_from, graph))
            )
            for right, place, when in listed_ways
        )
        named[name] = any_of((named.get(name, NO), answer))
    hidden = unknown(foreign.gaps) if foreign.gaps else NO
    return ExternalPrincipals(named=tuple(sorted(named.items())), hidden=hidden)


def _is_foreign(name: str, foreign: ExternalAssignment) -> Answer:
    if name not in foreign.doubtful:
        return YES
    return unknown((f"?whether principal {name} is of another tenant",))


def with_others(
    principals: ExternalPrincipals, others: Iterable[tuple[str, Answer]]
) -> ExternalPrincipals:
    """Add external principals from other sources."""
    return msgspec.structs.replace(principals, named=(*principals.named, *others))


def names_of(principals: ExternalPrincipals, resource: Resource, graph: Graph) -> Known | Unknown:
    """Give the list of names, or unknown if any part of it is unknown."""
    parts = [*(answer for _, answer in principals.named), principals.hidden]
    open_parts = [part for part in parts if part.truth is Truth.UNKNOWN]
    if open_parts:
        return verdict(any_of(open_parts), resource, graph)
    return Known(sorted({name for name, answer in principals.named if answer == YES}))


def _read_external_assignments(seen_from: Resource, graph: Graph) -> ExternalAssignment:
    gaps: set[str] = set()
    for name in (_ASSIGNMENT, _DELEGATION):
        gaps |= set(graph.incomplete(name, seen_from.scope, ""))
    given = list(graph.of_type_in(_ASSIGNMENT, seen_from.scope))
    given_out = [grant_of(assignment) for assignment in given]
    grants = [(g.principal_id, g) for g in given_out if g.principal_type in (_FOREIGN, *_NO_KIND)]
    doubtful = {g.principal_id for g in given_out if g.principal_type in _NO_KIND}
    for resource in graph.of_type_in(_DELEGATION, seen_from.scope):
        grants += _delegated(resource)
        fact = property_value(resource, "authorizations")
        if isinstance(fact, Unknown):
            gaps |= set(fact.gaps or (f"?who has access through the delegation {resource.name}",))
    by_scope: dict[str, tuple[tuple[str, Grant], ...]] = {}
    for name, grant in grants:
        scope = "" if is_over_subscriptions(grant.scope) else grant.scope
        by_scope[scope] = (*by_scope.get(scope, ()), (name, grant))
    return ExternalAssignment(
        by_scope=by_scope, doubtful=frozenset(doubtful), gaps=tuple(sorted(gaps))
    )


def _delegated(delegation: Resource) -> list[tuple[str, Grant]]:
    tenant = str(delegation.properties.get("managing_tenant", ""))
    return [
        (
            f"{authorization['principal_id']} of tenant {tenant}",
            Grant(
                scope=str(delegation.properties.get("granted_at", "")),
                role=str(authorization["role"]),
                principal_id=str(authorization["principal_id"]),
            ),
        )
        for authorization in delegation.properties.get("authorizations") or ()
    ]
