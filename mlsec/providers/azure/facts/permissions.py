"""Permissions of managed identities on Azure, and of single roles and assignments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.grants import (
    grants_of,
    possible_grants,
    subscription_of,
    sure_grants,
)
from mlsec.providers.azure.facts.rights import Right
from mlsec.providers.azure.facts.role_assignments import (
    Grant,
    above,
    grant_of,
    is_over_subscriptions,
    may,
    may_anywhere,
)
from mlsec.providers.azure.facts.role_definitions import GRANTING, blocks_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_MANAGED = "azure.identity.managed_identity"
# Key for identities whose roles reach every place, or were not read.
_ANYWHERE = ""
_STORAGE = "microsoft.storage/storageaccounts/"
_VAULTS = "microsoft.keyvault/vaults/"
_ML = "microsoft.machinelearningservices/"
_AI = "microsoft.cognitiveservices/"
_IDENTITY = "microsoft.managedidentity/userassignedidentities/"

WRITE_BLOBS = Right(f"{_STORAGE}blobservices/containers/blobs/write", is_data=True)
READ_BLOBS = Right(f"{_STORAGE}blobservices/containers/blobs/read", is_data=True)
READ_STORAGE_KEYS = Right(f"{_STORAGE}listkeys/action")
EVERYTHING = Right("*")
PUSH_IMAGES = Right("microsoft.containerregistry/registries/push/write")
CALL_ENDPOINT = (
    Right(f"{_ML}workspaces/onlineendpoints/score/action"),
    Right(f"{_ML}workspaces/onlineendpoints/listkeys/action"),
    Right(f"{_ML}workspaces/onlineendpoints/token/action"),
)
CALL_AI = (
    Right(f"{_AI}accounts/openai/deployments/chat/completions/action", is_data=True),
    Right(f"{_AI}accounts/listkeys/action"),
)
# An ability is a list of rights, any of which is enough when it is held in the whole subscription.
_ABILITIES: Mapping[str, tuple[Right, ...]] = {
    "can_change_everything": (EVERYTHING,),
    "can_write_any_container": (WRITE_BLOBS, READ_STORAGE_KEYS),
    "can_read_any_container": (READ_BLOBS, READ_STORAGE_KEYS),
    "can_read_any_secret": (Right(f"{_VAULTS}secrets/getsecret/action", is_data=True),),
    # The operation is assign/action; roles write it with a star for the identity's name.
    "can_use_any_identity": (
        Right(f"{_IDENTITY}assign/action"),
        Right(f"{_IDENTITY}any/assign/action"),
        # A new federated credential allows sign-in as the identity from elsewhere.
        Right(f"{_IDENTITY}federatedidentitycredentials/write"),
    ),
    "can_push_any_image": (PUSH_IMAGES,),
    "can_invoke_any_model": (*CALL_ENDPOINT, *CALL_AI),
    "can_change_filters": (
        Right(f"{_AI}accounts/raipolicies/write"),
        Right(f"{_AI}accounts/raipolicies/delete"),
    ),
    "can_stop_logging": (
        Right("microsoft.insights/diagnosticsettings/delete"),
        Right("microsoft.insights/diagnosticsettings/write"),
        Right("microsoft.operationalinsights/workspaces/delete"),
    ),
    "has_full_ml_access": (Right(f"{_ML}*"), Right(f"{_AI}*")),
}
_POWERS = ("can_write_any_container", "can_read_any_secret", "can_use_any_identity")


def can(identity: Resource, rights: Iterable[Right], place: str, graph: Graph) -> Answer:
    """Whether an identity has one of the rights at a place."""
    who, asked = principal_names(identity), tuple(rights)

    def allows(grants: tuple[Grant, ...]) -> Answer:
        return any_of(may(grants, right, place, identity, graph, who=who) for right in asked)

    return _decided(identity, graph, allows)


def _decided(
    identity: Resource, graph: Graph, allows: Callable[[tuple[Grant, ...]], Answer]
) -> Answer:
    """Say whether roles allow something where it is not known which of them an identity has.

    It is not allowed where all that it may have together do not allow it.
    """
    grants = grants_of(identity, graph)
    if not isinstance(grants, Unknown):
        return allows(grants)
    possible = possible_grants(identity, graph)
    if possible is not None and allows(possible) == NO:
        return NO
    is_sure = possible is not None and allows(sure_grants(identity, graph)) == YES
    return YES if is_sure else unknown(grants.gaps)


def wide_places(identity: Resource, grants: Iterable[Grant]) -> tuple[str, ...]:
    """Give the identity's subscription, and every whole one that it has a role on."""
    named = {grant.scope for grant in grants if grant.scope.startswith("/subscriptions/")}
    wide = {scope for scope in named if scope.count("/") == 2}
    return tuple(sorted({subscription_of(identity), *wide}))


def principal_names(identity: Resource) -> tuple[str, ...]:
    """Give the ids by which a denial may name an identity itself."""
    return (str(identity.properties.get("principal_id") or ""),)


def identities_near(place: str, graph: Graph) -> tuple[Resource, ...]:
    """Give the identities with a role that reaches a place, and those whose roles were not read."""
    index = graph.memo(("azure identities", ""), lambda: _by_scope(graph))
    by_id = {
        identity.id: identity
        for scope in (_ANYWHERE, *above(place))
        for identity in index.get(scope, ())
    }
    return tuple(by_id[key] for key in sorted(by_id))


def _by_scope(graph: Graph) -> dict[str, list[Resource]]:
    index: dict[str, list[Resource]] = {}
    for identity in graph.of_type(_MANAGED):
        grants = grants_of(identity, graph)
        scopes = {_ANYWHERE} if isinstance(grants, Unknown) else {grant.scope for grant in grants}
        for scope in scopes:
            key = _ANYWHERE if is_over_subscriptions(scope) else scope
            index.setdefault(key, []).append(identity)
    return index


def is_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it may do everything in its subscription, including role assignment."""
    return verdict(_is_admin(resource, graph), resource, graph)


def can_change_resource_group(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it may change everything in at least one whole resource group."""
    who = principal_names(resource)

    def allows(grants: tuple[Grant, ...]) -> Answer:
        wide = [grant for grant in grants if grant.scope.strip("/").count("/") <= 3]
        return may_anywhere(wide, EVERYTHING, resource, graph, who=who)

    return verdict(_decided(resource, graph, allows), resource, graph)


def has_power(identity: Resource, graph: Graph) -> Answer:
    """Whether an identity is administrator of the subscription, or has all of its data."""
    place = subscription_of(identity)
    powers = (can(identity, _ABILITIES[name], place, graph) for name in _POWERS)
    return any_of((_is_admin(identity, graph), *powers))


def has_conditions(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether one of its roles is subject to a condition."""
    grants = grants_of(resource, graph)
    return grants if isinstance(grants, Unknown) else Known(any(g.has_condition for g in grants))


def allows_everything(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a role definition allows every action, including role assignment."""
    del graph
    return _holds(resource, EVERYTHING, GRANTING)


def can_assign_roles(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a role definition allows role assignment."""
    del graph
    return _holds(resource, GRANTING)


def is_full_assignment(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an assignment grants a role that allows everything, including role assignment."""
    fact = property_value(resource, "condition")
    if isinstance(fact, Unknown) and fact.gaps:
        return fact
    grant = grant_of(resource)
    rights = (EVERYTHING, GRANTING)
    answers = [may_anywhere((grant,), right, resource, graph) for right in rights]
    return verdict(all_of(answers), resource, graph)


def _holds(definition: Resource, *rights: Right) -> Known | Unknown:
    blocks = blocks_of(definition)
    if blocks is None:
        return Unknown(tuple(definition.unread.get("permissions", ())))
    return Known(any(all(block.holds(right) for right in rights) for block in blocks))


def _is_admin(identity: Resource, graph: Graph) -> Answer:
    place = subscription_of(identity)
    return all_of(can(identity, (right,), place, graph) for right in (EVERYTHING, GRANTING))


def _ability(name: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        answer = can(resource, _ABILITIES[name], subscription_of(resource), graph)
        return verdict(answer, resource, graph)

    derive.__doc__ = f"Whether the identity has the ability {name}."
    return derive


AZURE_PERMISSIONS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    **{f"azure_permissions.{name}": _ability(name) for name in _ABILITIES},
    "azure_permissions.is_admin": is_admin,
    "azure_permissions.can_change_resource_group": can_change_resource_group,
    "azure_permissions.has_conditions": has_conditions,
    "azure_permissions.allows_everything": allows_everything,
    "azure_permissions.can_assign_roles": can_assign_roles,
    "azure_permissions.is_full_assignment": is_full_assignment,
}
