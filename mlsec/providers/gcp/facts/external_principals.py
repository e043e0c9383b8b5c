"""Who from beyond the project and its organisation holds a right on a resource, by its grants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.providers.gcp.facts.conditional_grants import gives
from mlsec.providers.gcp.facts.grants import (
    Grant,
    Grants,
    grants_above,
    grants_near,
    verdict,
)
from mlsec.providers.gcp.facts.members import EVERYBODY, Home, home_of, is_external, is_open_member

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

Fact = Callable[[Resource, "Graph"], Known | Unknown]
ExternalGrant = tuple[Grant, Answer]


class ExternalPrincipals(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets in. ``named`` gives, per member, whether it is outside and holds the right."""

    everybody: Answer = NO
    named: Mapping[str, Answer] = msgspec.field(default_factory=dict)
    hidden: Answer = NO

    @property
    def is_some(self) -> Answer:
        """Whether anybody outside gets in."""
        return any_of((self.everybody, *self.named.values(), self.hidden))


def let_in(
    grants: Grants, permissions: Iterable[str], resource: Resource, graph: Graph,
    above: tuple[ExternalGrant, ...] = (),
) -> ExternalPrincipals:  # fmt: skip
    """Say who outside the resource's home holds one of the permissions on (part of) it.

    ``above`` are grants that were sorted already, with whether each member is outside.
    """
    wanted = tuple(permissions)
    everybody: list[Answer] = []
    named: dict[str, Answer] = {}
    for grant, outside in (*_external_grants(grants.grants, home_of(resource, graph)), *above):
        given = all_of((outside, gives(grant, wanted, resource, resource.scope, graph)))
        if is_open_member(grant.member):
            everybody.append(given)
        elif given != NO:
            named[grant.member] = any_of((given, named.get(grant.member, NO)))
    hidden = unknown(grants.gaps) if grants.gaps else NO
    return ExternalPrincipals(everybody=any_of((*everybody, hidden)), named=named, hidden=hidden)


def let_in_here(resource: Resource, permissions: Iterable[str], graph: Graph) -> ExternalPrincipals:
    """Say the same for all that counts at a resource: its own policy and those above it."""
    near, above = grants_near(resource, graph), grants_above(resource.scope, graph)
    known = external_grants_above(resource, graph)
    grants = Grants(grants=near.grants, gaps=tuple(sorted({*near.gaps, *above.gaps})))
    return let_in(grants, permissions, resource, graph, above=known)


def joined(parts: Iterable[ExternalPrincipals]) -> ExternalPrincipals:
    """Say who gets in by one way or another."""
    ways = tuple(parts)
    members = {member for way in ways for member in way.named}
    return ExternalPrincipals(
        everybody=any_of(way.everybody for way in ways),
        named={m: any_of(way.named.get(m, NO) for way in ways) for m in sorted(members)},
        hidden=any_of(way.hidden for way in ways),
    )


def external_grants_above(resource: Resource, graph: Graph) -> tuple[ExternalGrant, ...]:
    """Give the grants from the project upwards whose members are not surely inside."""
    return graph.memo(
        ("gcp external principals", resource.scope),
        lambda: tuple(
            _external_grants(grants_above(resource.scope, graph).grants, home_of(resource, graph))
        ),
    )


def _external_grants(grants: Iterable[Grant], home: Home) -> Iterator[ExternalGrant]:
    for grant in grants:
        outside = is_external(grant.member, home)
        if outside != NO:
            yield grant, outside


def names(principals: ExternalPrincipals, resource: Resource, graph: Graph) -> Known | Unknown:
    """Give the list only when every part of it is known."""
    parts = (principals.everybody, *principals.named.values(), principals.hidden)
    doubts = [part for part in parts if part not in (YES, NO)]
    if doubts:
        return verdict(any_of(doubts), resource, graph)
    names = {member for member, answer in principals.named.items() if answer == YES}
    return Known(sorted(names | ({EVERYBODY} if principals.everybody == YES else set())))


def facts_about(find: Callable[[Resource, Graph], ExternalPrincipals]) -> tuple[Fact, Fact, Fact]:
    """Make three facts: the names, whether anybody gets in, and whether everybody does."""

    def name_them(resource: Resource, graph: Graph) -> Known | Unknown:
        return names(find(resource, graph), resource, graph)

    def are_there(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(find(resource, graph).is_some, resource, graph)

    def is_everybody(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(find(resource, graph).everybody, resource, graph)

    return name_them, are_there, is_everybody
