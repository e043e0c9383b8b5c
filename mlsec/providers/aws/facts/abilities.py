"""The derived facts about what an identity may do, and what it can become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.ternary import NO, YES, any_of
from mlsec.graph.verdicts import as_gaps, verdict
from mlsec.providers.aws.facts.ability_table import ABILITIES, can, powers
from mlsec.providers.aws.facts.escalation import escalation_of
from mlsec.providers.aws.facts.permissions import identity_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def is_known_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it is certain that the identity may do everything, whatever could not be read."""
    return Known(can(identity_of(resource, graph), "is_admin") == YES)


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether who holds this identity holds the account, or all of its data."""
    identity = identity_of(resource, graph)
    answers = (powers(identity), escalation_of(resource, graph).is_open)
    return verdict(any_of(answers), resource, graph)


def can_escalate(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether one known technique to become administrator is open."""
    return verdict(escalation_of(resource, graph).is_open, resource, graph)


def escalation_paths(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the open techniques by their rights, and the one whom they lead to.

    Unread where none is known to be open and one is not decided.
    """
    escalation = escalation_of(resource, graph)
    if escalation.undecided != NO and not escalation.paths:
        return verdict(escalation.undecided, resource, graph)
    return Known([path.text for path in escalation.paths])


def escalates_to(resource: Resource, graph: Graph) -> Targets:
    """Give the roles as which it can act by a technique, each once."""
    escalation = escalation_of(resource, graph)
    targets = {
        path.target.identity.id: path.target.identity
        for path in escalation.paths
        if path.target is not None and path.target.identity is not None
    }
    roles = tuple(role for _, role in sorted(targets.items()) if role.type == resource.type)
    return Targets(
        resources=roles, gaps=tuple(sorted(as_gaps(escalation.undecided.because, resource, graph)))
    )


def is_aws_managed(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the provider keeps the policy: its ARN then has no account of its own."""
    del graph
    return Known(resource.identity.split(":")[4:5] == ["aws"])


def _ability(name: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(can(identity_of(resource, graph), name), resource, graph)

    derive.__doc__ = f"Whether the identity has the ability {name}."
    return derive


PERMISSION_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "permissions.escalates_to": escalates_to,
}
PERMISSIONS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    **{f"permissions.{name}": _ability(name) for name in ABILITIES},
    "permissions.is_known_admin": is_known_admin,
    "permissions.can_escalate": can_escalate,
    "permissions.escalation_paths": escalation_paths,
    "permissions.is_privileged": is_privileged,
    "permissions.is_aws_managed": is_aws_managed,
}
