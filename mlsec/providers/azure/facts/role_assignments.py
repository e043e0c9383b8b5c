"""Evaluate Azure role assignments at a place, with inheritance, exceptions and denials.

Rights of a role come from its definition as the subscription answered it. A condition on an
assignment is not interpreted: what it touches is unknown. Denials count when they name the
principal or everybody; one that names a group it is in is not seen, because groups are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.core.wildcard import matches_stars
from mlsec.graph.fact import Known, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_DEFINITION = "azure.identity.role_definition"
_DENIAL = "azure.identity.deny_assignment"
_EVERYBODY = "00000000-0000-0000-0000-000000000000"
_CONDITION = "?the condition of a role assignment"
GRANTING = "microsoft.authorization/roleassignments/write"


class Right(msgspec.Struct, frozen=True):
    """An action in lower case; ``is_data`` for data actions.

    The action ``*`` asks for every action at once.
    """

    action: str
    is_data: bool = False


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role granted to a principal at a scope (lower case; "/" is above all management groups)."""

    scope: str
    role: str
    principal_id: str
    principal_type: str = ""
    has_condition: bool = False


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of a role's permissions: patterns in lower case."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    def holds(self, right: Right) -> bool:
        """Whether the block allows a right: an exception applies to its own block only."""
        given = self.data_actions if right.is_data else self.actions
        less = self.not_data_actions if right.is_data else self.not_actions
        return _covers(given, right.action) and not _covers(less, right.action)


def read_grants(items: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """Turn a list of assignments, as the vocabulary has it, into grants."""
    return tuple(
        Grant(
            scope=str(item["scope"]),
            role=str(item["role"]),
            principal_id=str(item["principal_id"]),
            principal_type=str(item.get("principal_type") or ""),
            has_condition=bool(item.get("condition")),
        )
        for item in items
    )


def grant_of(assignment: Resource) -> Grant:
    """Turn an assignment that a subscription lists into a grant."""
    properties = assignment.properties
    return Grant(
        scope=str(properties.get("granted_at", "")),
        role=str(properties.get("role", "")),
        principal_id=str(properties.get("principal_id", "")),
        principal_type=str(properties.get("principal_type") or ""),
        has_condition=bool(properties.get("condition")),
    )


def reaches(scope: str, place: str) -> bool:
    """Whether a grant at ``scope`` applies at ``place``; both lower case.

    Every management group whose assignments a subscription answers lies above it.
    """
    return is_over_subscriptions(scope) or place == scope or place.startswith(scope + "/")


def above(place: str) -> tuple[str, ...]:
    """Give a place and every scope that it lies in, but for those above its subscription."""
    pieces = place.split("/")
    return tuple("/".join(pieces[:end]) for end in range(len(pieces), 1, -1))


def is_over_subscriptions(scope: str) -> bool:
    """Whether a scope is the root or a management group: it then lies above every place."""
    return scope == "/" or scope.startswith("/providers/microsoft.management/")


def may(
    grants: Iterable[Grant], right: Right, place: str, seen_from: Resource, graph: Graph
) -> Answer:
    """Whether one of the grants allows ``right`` at ``place`` and no denial applies."""
    near = [grant for grant in grants if reaches(grant.scope, place)]
    allowed = any_of(_allows(grant, right, seen_from, graph) for grant in near)
    if allowed == NO:
        return NO
    who = {grant.principal_id for grant in near}
    return all_of((allowed, not_(_is_denied(who, right, place, seen_from, graph))))


def may_anywhere(
    grants: Iterable[Grant], right: Right, seen_from: Resource, graph: Graph
) -> Answer:
    """Whether one of the grants allows ``right`` at its own scope, wherever that is."""
    return any_of(may((grant,), right, grant.scope, seen_from, graph) for grant in grants)


def blocks_of(definition: Resource) -> tuple[Block, ...] | None:
    """Give the permissions of a role definition, None when they were not read."""
    fact = property_value(definition, "permissions")
    return _read_blocks(fact.value or ()) if isinstance(fact, Known) else None


def _read_blocks(items: Iterable[Mapping[str, Any]]) -> tuple[Block, ...]:
    names = ("actions", "not_actions", "data_actions", "not_data_actions")
    return tuple(
        Block(**{name: tuple(str(p).lower() for p in item.get(name) or ()) for name in names})
        for item in items
    )


def _allows(grant: Grant, right: Right, seen_from: Resource, graph: Graph) -> Answer:
    definition = _definitions(graph).get(grant.role)
    if definition is None:
        return unknown(_no_definition(grant.role, seen_from, graph))
    blocks = graph.memo(("azure role blocks", grant.role), lambda: blocks_of(definition))
    if blocks is None:
        return unknown(definition.unread.get("permissions", ()))
    if not any(block.holds(right) for block in blocks):
        return NO
    return unknown((_CONDITION,)) if grant.has_condition else YES


def _definitions(graph: Graph) -> Mapping[str, Resource]:
    def index() -> dict[str, Resource]:
        return {
            str(resource.properties.get("role")): resource
            for resource in graph.of_type(_DEFINITION)
        }

    return graph.memo(("azure roles", ""), index)


def _no_definition(role: str, seen_from: Resource, graph: Graph) -> tuple[str, ...]:
    hidden = graph.incomplete(_DEFINITION, seen_from.scope, "")
    return hidden or (
        graph.note_gap(
            make_gap(
                scope=seen_from.scope,
                subject=seen_from.id,
                wanted=f"role definition {role}",
                reason=GapReason.UNRESOLVED,
                detail=f"role {role} is given but its definition was not among those listed",
            )
        ),
    )


def _is_denied(
    who: set[str], right: Right, place: str, seen_from: Resource, graph: Graph
) -> Answer:
    denials = [d for d in graph.of_type(_DENIAL) if d.scope == seen_from.scope]
    hidden = graph.incomplete(_DENIAL, seen_from.scope, "")
    return any_of(
        (
            *(_denies(denial, who, right, place) for denial in denials),
            unknown(hidden) if hidden else NO,
        )
    )


def _denies(denial: Resource, who: set[str], right: Right, place: str) -> Answer:
    if "permissions" in denial.unread or "principals" in denial.unread:
        return unknown(denial.unread.get("permissions", denial.unread.get("principals", ())))
    properties = denial.properties
    named, spared = set(properties.get("principals") or ()), set(properties.get("excluded") or ())
    scope = str(properties.get("granted_at") or "")
    is_at = place == scope if properties.get("stops_at_children") else reaches(scope, place)
    hits = (_EVERYBODY in named or bool(named & who)) and not spared & who
    blocks = _read_blocks(properties.get("permissions") or ())
    if not (is_at and hits and any(block.holds(right) for block in blocks)):
        return NO
    return unknown((_CONDITION,)) if properties.get("condition") else YES


def _covers(patterns: tuple[str, ...], action: str) -> bool:
    return any(matches_stars(pattern, action) for pattern in patterns)
