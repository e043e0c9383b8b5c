"""What Google's policies give: bindings of a resource and of all above it, role by role.

What a role allows was asked, or for code is what Google published; a role that was not read makes
the answer unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.gcp.facts.predefined_roles import predefined_permissions
from mlsec.vocabulary.iac_mapping import is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ROLE_TYPES = ("gcp.iam.role", "gcp.iam.custom_role", "gcp.iam.organization_role")
# A policy as it was answered, a dataset's access list, and one entry for each member.
_HOLDERS = ("bindings", "access", "grants")
_NODE = "gcp.resourcemanager.node"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One member holding one role; ``condition`` is the expression, "" for none."""

    member: str
    role: str
    condition: str = ""


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """Grants that count together; with ``gaps``, there may be more than could be read."""

    grants: tuple[Grant, ...] = ()
    gaps: tuple[str, ...] = ()


class _Shelf:
    """Roles and grants of one graph, looked up once."""

    def __init__(self) -> None:
        self.roles: dict[str, dict[str, Resource]] = {}
        self.permissions: dict[str, frozenset[str] | Unknown] = {}
        self.above: dict[str, Grants] = {}


def grants_near(resource: Resource, graph: Graph) -> Grants:
    """Give what the resource's own policy grants, and for a key that of its ring."""
    if "ring" not in graph.vocabulary.types[resource.type].relations:
        return own_grants(resource)
    rings = graph.targets(resource, "ring")
    parts = (own_grants(ring) for ring in rings.resources)
    return _joined([own_grants(resource), Grants(gaps=rings.gaps), *parts])


def _joined(parts: list[Grants]) -> Grants:
    return Grants(
        grants=tuple(grant for part in parts for grant in part.grants),
        gaps=tuple(sorted({gap for part in parts for gap in part.gaps})),
    )


def grants_above(scope: str, graph: Graph) -> Grants:
    """Give what the policies of the project, its folders and its organisation grant."""
    shelf = graph.memo(("gcp grants",), _Shelf)
    if scope not in shelf.above:
        nodes = [own_grants(n) for n in graph.of_type_in(_NODE, scope)]
        gaps = {gap for node in nodes for gap in node.gaps}
        shelf.above[scope] = Grants(
            grants=tuple(grant for node in nodes for grant in node.grants),
            gaps=tuple(sorted(gaps | set(graph.incomplete(_NODE, scope, "")))),
        )
    return shelf.above[scope]


def grants_on_nodes(scope: str, kinds: tuple[str, ...], graph: Graph) -> Grants:
    """Give what the policies of the nodes of these kinds grant: folder, organization."""
    nodes = list(graph.of_type_in(_NODE, scope))
    chosen = [n for n in nodes if property_value(n, "kind") in [Known(kind) for kind in kinds]]
    hidden = Grants(gaps=tuple(graph.incomplete(_NODE, scope, "")))
    return _joined([hidden, *(own_grants(node) for node in chosen)])


def own_grants(resource: Resource) -> Grants:
    """Give what the resource's own policy (or access list, for a dataset) grants."""
    known = resource.properties.keys() | resource.unread.keys()
    name = next((holder for holder in _HOLDERS if holder in known), _HOLDERS[0])
    fact = property_value(resource, name)
    if isinstance(fact, Unknown):
        gaps = fact.gaps or ("?the policy of " + resource.name,)
        gaps = () if _are_named_in_words(resource, name) else gaps
        return Grants(grants=_grants_read_in_part(resource, name), gaps=gaps)
    return Grants(grants=tuple(grant for binding in fact.value or () for grant in _read(binding)))


def _grants_read_in_part(resource: Resource, name: str) -> tuple[Grant, ...]:
    """Give what is known of a policy in code whose other parts only an apply knows.

    Where the members of its one binding are hidden, those that the policy names are still its.
    """
    bindings = [binding for binding in resource.properties.get(name) or () if binding.get("role")]
    named = resource.properties.get("named_accounts") or ()
    if len(bindings) == 1 and "members" not in bindings[0] and "member" not in bindings[0]:
        members = [f"serviceAccount:{account}" for account in named]
        bindings = [{**bindings[0], "members": members}]
    # A condition that is not there was not read; without one it would be None.
    whole = ({"condition": "(unread)", **binding} for binding in bindings)
    return tuple(grant for binding in whole for grant in _read(binding))


def _are_named_in_words(resource: Resource, name: str) -> bool:
    """Whether only the members of its one binding are hidden, and all are accounts by their words.

    The words say enough of an account to tell it from others.
    """
    hidden = {key for key in resource.unread if key.startswith(f"{name}[].")}
    return (
        len(resource.properties.get(name) or ()) == 1
        and hidden == {f"{name}[].members"}
        and bool(resource.properties.get("named_accounts"))
        and "named_accounts" not in resource.unread
    )


def role_allows(role: str, permission: str, scope: str, graph: Graph) -> Answer:
    """Say whether a role includes a permission."""
    permissions = permissions_of(role, scope, graph)
    if isinstance(permissions, Unknown):
        return unknown(permissions.gaps)
    return YES if permission in permissions else NO


def role_allows_some(role: str, permissions: Iterable[str], scope: str, graph: Graph) -> Answer:
    """Say whether a role includes one of the permissions."""
    return any_of(role_allows(role, permission, scope, graph) for permission in permissions)


def permissions_of(role: str, scope: str, graph: Graph) -> frozenset[str] | Unknown:
    """Give all that a role allows."""
    shelf = graph.memo(("gcp grants",), _Shelf)
    if scope not in shelf.roles:
        shelf.roles[scope] = {
            resource.name: resource
            for kind in _ROLE_TYPES
            for resource in graph.of_type_in(kind, scope)
        }
    key = f"{scope} {role}"
    if key not in shelf.permissions:
        shelf.permissions[key] = _permissions(role, scope, shelf, graph)
    return shelf.permissions[key]


def verdict(answer: Answer, resource: Resource, graph: Graph) -> Known | Unknown:
    """Turn an answer into a derived fact; what was not understood becomes a gap."""
    if answer.truth is Truth.UNKNOWN:
        return Unknown(tuple(sorted(reasons_as_gaps(answer.because, resource, graph))))
    return Known(answer.truth is Truth.TRUE)


def reasons_as_gaps(because: Iterable[str], resource: Resource, graph: Graph) -> set[str]:
    """Give gap ids for the reasons of an unknown answer."""
    return {_doubt(r[1:], resource, graph) if r.startswith("?") else r for r in because}


def _doubt(reason: str, resource: Resource, graph: Graph) -> str:
    return graph.note_gap(
        make_gap(
            scope=resource.scope,
            subject=resource.id,
            wanted=reason,
            reason=GapReason.UNSUPPORTED,
            detail=f"a policy turns on {reason}, which is not known here",
        )
    )


def _permissions(role: str, scope: str, shelf: _Shelf, graph: Graph) -> frozenset[str] | Unknown:
    definition = shelf.roles[scope].get(role)
    if definition is None:
        published = predefined_permissions(role) if is_code(scope) else None
        if published is not None:
            return published
        kind = _type_of(role)
        hidden = graph.incomplete(kind, scope, "")
        return Unknown(hidden or ("?the role " + role,))
    fact = property_value(definition, "permissions")
    if isinstance(fact, Unknown):
        return Unknown(fact.gaps or ("?the role " + role,))
    return frozenset(fact.value or ())


def _type_of(role: str) -> str:
    if role.startswith("organizations/"):
        return "gcp.iam.organization_role"
    return "gcp.iam.custom_role" if role.startswith("projects/") else "gcp.iam.role"


def _read(binding: Mapping[str, Any]) -> Iterable[Grant]:
    members = binding.get("members")
    for member in members if members is not None else (binding.get("member"),):
        if member:
            yield Grant(
                member=str(member),
                role=str(binding.get("role") or ""),
                condition=_condition_of(binding),
            )


def _condition_of(binding: Mapping[str, Any]) -> str:
    """Give the condition; one that was not kept is a condition that nobody understands."""
    return str(binding.get("condition") or ("(unread)" if binding.get("is_conditional") else ""))
