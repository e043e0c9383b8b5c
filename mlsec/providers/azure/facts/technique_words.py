"""The words in which Azure techniques ask: rights at a place, over a kind of resource."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Unknown, property_value
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, Words
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.azure.facts.grants import grants_of, possible_grants
from mlsec.providers.azure.facts.permissions import (
    can,
    has_power,
    principal_names,
    wide_places,
)
from mlsec.providers.azure.facts.rights import Right
from mlsec.providers.azure.facts.role_assignments import Grant, may_anywhere
from mlsec.providers.azure.facts.role_definitions import NotRead, role_blocks
from mlsec.providers.azure.facts.technique_examples import EXAMPLE_KEYS, spell_out
from mlsec.providers.azure.facts.technique_targets import MANAGED, TARGETS, type_at

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PLACES = ("target", "subscription", "anything", "tenant", "vault without roles")
# The operation has no part for the identity's name; roles write it with a star for one.
_ASSIGNING = "microsoft.managedidentity/userassignedidentities/assign/action"
_STARRED = "microsoft.managedidentity/userassignedidentities/any/assign/action"
_VAULT = "azure.keyvault.vault"


def _may(raw: Mapping[str, Any]) -> Question:
    return _may_on(str(raw["may"]), str(raw["on"]), raw.get("kind") == "data action")


@functools.cache
def _may_on(action: str, place: str, is_data: bool) -> Question:  # noqa: FBT001 - a cached key
    if action.count("/") < 2 or "*" in action:
        message = f'"{action}" is not one action, such as Microsoft.Compute/virtualMachines/write'
        raise ValueError(message)
    lower = action.lower()
    names = (lower, _STARRED) if lower == _ASSIGNING else (lower,)
    rights = tuple(Right(name, is_data=is_data) for name in names)

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        if place == "target" and target is not None and target.resource is not None:
            return can(identity, rights, target.resource.identity.lower(), graph)
        grants = grants_of(identity, graph)
        given = possible_grants(identity, graph) if isinstance(grants, Unknown) else grants
        if isinstance(grants, Unknown) and given is None:
            return unknown(grants.gaps)
        if place in ("target", "subscription"):
            wide = wide_places(identity, given or ())
            return any_of(can(identity, rights, where, graph) for where in wide)
        near = [g for g in given or () if _is_asked(g, place, graph)]
        who = principal_names(identity)
        answer = any_of(may_anywhere(near, right, identity, graph, who=who) for right in rights)
        return unknown(grants.gaps) if isinstance(grants, Unknown) and answer != NO else answer

    def may_hold(identity: Resource, graph: Graph) -> bool:
        grants = grants_of(identity, graph)
        given = possible_grants(identity, graph) if isinstance(grants, Unknown) else grants
        if given is None:
            return True
        return any(_holds(grant.role, rights, identity, graph) for grant in given)

    return Question(label=action, ask=ask, may_hold=may_hold)


def _directory_role(raw: Mapping[str, Any]) -> Question:
    name, number = str(raw["directory role"]), str(raw["id"])
    words = {name.lower(), number.lower()}

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        del target, graph
        fact = property_value(identity, "directory_roles")
        if isinstance(fact, Unknown):
            return unknown(fact.gaps) if fact.gaps else NO
        roles = [str(role).lower() for role in fact.value or ()]
        hidden = {f"?the directory role {role}" for role in roles if "‹" in role}
        if any(role in words for role in roles):
            return YES
        return unknown(hidden) if hidden else NO

    return Question(
        label=name, ask=ask, may_hold=lambda identity, graph: ask(identity, None, graph) != NO
    )


def _holds(role: str, rights: Iterable[Right], identity: Resource, graph: Graph) -> bool:
    blocks = role_blocks(role, identity, graph)
    return isinstance(blocks, NotRead) or any(
        block.holds(right) for block in blocks for right in rights
    )


def _is_asked(grant: Grant, place: str, graph: Graph) -> bool:
    if place == "tenant":
        return grant.scope == "/"
    return place == "anything" or _has_policies(grant, graph)


def _has_policies(grant: Grant, graph: Graph) -> bool:
    """Whether a vault that goes by its own access policies may be where a role is given."""
    kind = type_at(grant.scope)
    if kind != "microsoft.keyvault/vaults":
        return not kind
    vault = graph.called(grant.scope, _VAULT)
    return vault is None or vault.properties.get("uses_rbac") is not True


WORDS = Words(
    cloud="azure",
    types=(MANAGED,),
    is_admin=has_power,
    questions={
        "may": QuestionWord(
            about="an action that the roles of the identity allow, and on what",
            read=_may,
            fields={"on": _PLACES, "kind": ("data action",)},
            required=("on",),
        ),
        "directory role": QuestionWord(
            about="a role in Microsoft Entra or a permission of Microsoft Graph, by name and by id",
            read=_directory_role,
            fields={"id": ()},
            required=("id",),
        ),
    },
    targets=TARGETS,
    example_keys=EXAMPLE_KEYS,
    spell_out=spell_out,
)
