"""Evaluate Azure role assignments at a place, with inheritance, exceptions, conditions and denials.

Conditions are read, and decided for a request that the principal could make. Of a denial that
names a group it is unknown whether it applies: who is in a group is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.azure.conditions.decide import Request, meets
from mlsec.providers.azure.facts.delegation import Holder, may_delegate
from mlsec.providers.azure.facts.rights import Right, read_blocks
from mlsec.providers.azure.facts.role_definitions import GRANTING, NotRead, role_blocks
from mlsec.vocabulary.iac_mapping import is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_DENIAL = "azure.identity.deny_assignment"
_EVERYBODY = "00000000-0000-0000-0000-000000000000"
_VAULTS = "microsoft.keyvault/vaults/"
_BLOBS = "microsoft.storage/storageaccounts/blobservices/containers/blobs/"
# Who may give a role with one of these to itself has more than before.
POWERS = (
    Right("*"),
    GRANTING,
    Right("microsoft.authorization/roledefinitions/write"),
    Right(f"{_VAULTS}secrets/getsecret/action", is_data=True),
    Right(f"{_BLOBS}write", is_data=True),
)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role granted to a principal at a scope (lower case; "/" is above all management groups)."""

    scope: str
    role: str
    principal_id: str
    principal_type: str = ""
    condition: str = ""

    @property
    def has_condition(self) -> bool:
        """Whether it holds under a condition only."""
        return bool(self.condition)


def read_grants(items: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """Turn a list of assignments, as the vocabulary has it, into grants."""
    return tuple(
        Grant(
            scope=str(item["scope"]),
            role=str(item["role"]),
            principal_id=str(item["principal_id"]),
            principal_type=str(item.get("principal_type") or ""),
            condition=str(item.get("condition") or ""),
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
        condition=str(properties.get("condition") or ""),
    )


def reaches(scope: str, place: str) -> bool:
    """Whether a grant at ``scope`` applies at ``place``; both lower case.

    Every management group whose assignments a subscription answers lies above it.
    """
    return is_over_subscriptions(scope) or place == scope or place.startswith(scope + "/")


def _reach(scope: str, place: str) -> Answer:
    """Whether a grant applies at a place; code may name a scope that only an apply knows."""
    if "‹" in scope and scope != place:
        return unknown((f"?where {scope} is",))
    return YES if reaches(scope, place) else NO


def above(place: str) -> tuple[str, ...]:
    """Give a place and every scope that it lies in, but for those above its subscription."""
    pieces = place.split("/")
    return tuple("/".join(pieces[:end]) for end in range(len(pieces), 1, -1))


def is_over_subscriptions(scope: str) -> bool:
    """Whether a scope is the root or a management group: it then lies above every place."""
    return scope == "/" or scope.startswith("/providers/microsoft.management/")


def may(
    grants: Iterable[Grant],
    right: Right,
    place: str,
    seen_from: Resource,
    graph: Graph,
    *,
    who: Iterable[str] = (),
) -> Answer:
    """Whether one of the grants allows ``right`` at ``place`` and no denial applies.

    Denials count for everybody that the grants name, and for ``who``.
    """
    given = tuple(grants)
    near = [(grant, _reach(grant.scope, place)) for grant in given]
    allowed = any_of(
        all_of((reach, _allows(grant, right, place, seen_from, graph)))
        for grant, reach in near
        if reach != NO
    )
    if allowed == NO:
        return NO
    named = frozenset((*(grant.principal_id for grant in given), *who)) - {""}
    return all_of((allowed, not_(_is_denied(named, right, place, seen_from, graph))))


def may_anywhere(
    grants: Iterable[Grant],
    right: Right,
    seen_from: Resource,
    graph: Graph,
    *,
    who: Iterable[str] = (),
) -> Answer:
    """Whether one of the grants allows ``right`` at its own scope, wherever that is."""
    given = tuple(grants)
    names = frozenset((*(grant.principal_id for grant in given), *who))
    return any_of(may((grant,), right, grant.scope, seen_from, graph, who=names) for grant in given)


def _allows(grant: Grant, right: Right, place: str, seen_from: Resource, graph: Graph) -> Answer:
    blocks = role_blocks(grant.role, seen_from, graph)
    if isinstance(blocks, NotRead):
        return unknown(blocks.gaps)
    return any_of(
        _meets_all((block.condition, grant.condition), grant, right, place, seen_from, graph)
        for block in blocks
        if block.holds(right)
    )


def _meets_all(
    conditions: Iterable[str],
    grant: Grant,
    right: Right,
    place: str,
    seen_from: Resource,
    graph: Graph,
) -> Answer:
    """Whether one request meets the conditions of the assignment and of the role definition."""
    given = [text for text in conditions if text]
    if not given:
        return YES
    condition = given[0] if len(given) == 1 else " AND ".join(f"({text})" for text in given)
    if right == GRANTING:
        holder = Holder(id=grant.principal_id, kind=grant.principal_type)
        return may_delegate(condition, place, holder, _power_of(seen_from, graph))
    return meets(condition, Request(action=right.action, place=place))


def _power_of(
    seen_from: Resource, graph: Graph, asked: frozenset[str] = frozenset()
) -> Callable[[str], Answer]:
    """Give the question whether a role gives power; one in ``asked`` is being answered already."""

    def is_powerful(role: str) -> Answer:
        blocks = role_blocks(role, seen_from, graph)
        if isinstance(blocks, NotRead):
            return unknown(blocks.gaps)
        pairs = [(block, right) for block in blocks for right in POWERS if block.holds(right)]
        if any(not block.condition or right != GRANTING for block, right in pairs):
            return YES
        if role in asked:
            return NO
        further = _power_of(seen_from, graph, asked | {role})
        return any_of(may_delegate(block.condition, "/", Holder(), further) for block, _ in pairs)

    return is_powerful


def _is_denied(
    who: frozenset[str], right: Right, place: str, seen_from: Resource, graph: Graph
) -> Answer:
    denials = graph.memo(("azure denials", seen_from.scope), lambda: _denials(seen_from, graph))
    # Code cannot declare a denial: that there may be one says nothing about what is declared.
    is_hidden = not is_code(seen_from.scope)
    hidden = graph.incomplete(_DENIAL, seen_from.scope, "") if is_hidden else ()
    return any_of(
        (
            *(_denies(denial, who, right, place) for denial in denials),
            unknown(hidden) if hidden else NO,
        )
    )


def _denials(seen_from: Resource, graph: Graph) -> tuple[Resource, ...]:
    return graph.of_type_in(_DENIAL, seen_from.scope)


def _denies(denial: Resource, who: frozenset[str], right: Right, place: str) -> Answer:
    for name in ("granted_at", "permissions", "principals", "excluded", "stops_at_children"):
        hidden = denial.unread.get(name) or denial.unread.get("*")
        if hidden:
            return unknown(hidden)
    properties = denial.properties
    scope = str(properties.get("granted_at") or "")
    is_at = place == scope if properties.get("stops_at_children") else reaches(scope, place)
    blocks = [b for b in read_blocks(properties.get("permissions") or ()) if b.holds(right)]
    if not (is_at and blocks):
        return NO
    hits = all_of((_lists(denial, "principal", who), not_(_lists(denial, "excluded", who))))
    if hits == NO:
        return NO
    conditions = {str(properties.get("condition") or ""), *(block.condition for block in blocks)}
    return hits if conditions == {""} else unknown(("?the condition of a deny assignment",))


def _lists(denial: Resource, part: str, who: frozenset[str]) -> Answer:
    """Whether it names one of these, or spares one; who is in a group is not known."""
    name = {"principal": "principals", "excluded": "excluded"}[part]
    listed = frozenset(denial.properties.get(name) or ())
    if _EVERYBODY in listed or listed & who:
        return YES
    groups = denial.properties.get(f"{part}_groups") or ()
    return any_of(unknown((f"?who is in the group {group}",)) for group in sorted(groups))
