"""Which roles an Azure identity has, or may have where code does not say whose an assignment is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Unknown, property_value
from mlsec.providers.azure.facts.role_assignments import Grant, grant_of, read_grants
from mlsec.vocabulary.iac_mapping import account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PARTS = ("principal_id", "granted_at", "role", "condition", "*")
_SUBSCRIPTION = regex(r"\A/subscriptions/[^/‹]+(?=/|\Z)")


def grants_of(identity: Resource, graph: Graph) -> tuple[Grant, ...] | Unknown:
    """Give the roles that reach an identity, by groups too."""
    fact = property_value(identity, "assignments")
    if isinstance(fact, Unknown):
        return _declared(identity, graph) or fact if is_code(identity.scope) else fact
    return graph.memo(("azure grants", identity.id), lambda: _read(fact.value or (), identity))


def _declared(identity: Resource, graph: Graph) -> tuple[Grant, ...] | Unknown:
    """Give the roles that a template gives to an identity apart from it."""
    index = graph.memo(("azure roles in code", identity.scope), lambda: _by_code(identity, graph))
    name = str(identity.properties.get("principal_id") or "")
    given = (*index.get(name, ()), *index.get("", ())) if index.get(name) else ()
    gaps = {g for a in given for part in _PARTS for g in a.unread.get(part, ())}
    return Unknown(tuple(sorted(gaps))) if gaps else tuple(grant_of(a) for a in given)


def sure_grants(identity: Resource, graph: Graph) -> tuple[Grant, ...]:
    """Give the roles that a template surely gives to an identity, where others may be given too."""
    if not is_code(identity.scope):
        return ()
    index = graph.memo(("azure roles in code", identity.scope), lambda: _by_code(identity, graph))
    given = index.get(str(identity.properties.get("principal_id") or "-"), ())
    return tuple(
        grant_of(item) for item in given if not any(part in item.unread for part in _PARTS)
    )


def possible_grants(identity: Resource, graph: Graph) -> tuple[Grant, ...] | None:
    """Give all the roles that a template may give to an identity, as wide as each may be.

    None where more may be given, or where it is not known which role one of them is.
    """
    if not is_code(identity.scope):
        return None
    index = graph.memo(("azure roles in code", identity.scope), lambda: _by_code(identity, graph))
    name = str(identity.properties.get("principal_id") or "")
    given = (*index.get(name, ()), *index.get("", ())) if index.get(name) else ()
    if not given or any("role" in item.unread or "*" in item.unread for item in given):
        return None
    widest = subscription_of(identity)
    return tuple(
        msgspec.structs.replace(
            grant_of(item),
            scope=widest if "granted_at" in item.unread else grant_of(item).scope,
            condition="" if "condition" in item.unread else grant_of(item).condition,
        )
        for item in given
    )


def _by_code(seen_from: Resource, graph: Graph) -> dict[str, list[Resource]]:
    """Index role assignments by the principal, "" for those whose principal is not known."""
    index: dict[str, list[Resource]] = {}
    for assignment in graph.of_type_in("azure.identity.role_assignment", seen_from.scope):
        name = str(assignment.properties.get("principal_id") or "")
        index.setdefault(name, []).append(assignment)
    return index


def _read(items: Iterable[Mapping[str, Any]], identity: Resource) -> tuple[Grant, ...]:
    """Read assignments; a subscription that code writes out may be the one it is deployed to."""
    grants = read_grants(items)
    if not is_code(identity.scope):
        return grants
    own = subscription_of(identity)
    return tuple(
        msgspec.structs.replace(grant, scope=_SUBSCRIPTION.sub(own, grant.scope, count=1))
        for grant in grants
    )


def subscription_of(resource: Resource) -> str:
    """Give the scope of the subscription that a resource was read in."""
    return f"/subscriptions/{account_of(resource).lower()}"
