"""The words in which Azure techniques ask: rights at a place, over a kind of resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Unknown
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, Answer, all_of, unknown
from mlsec.providers.azure.facts.permissions import (
    EVERYTHING,
    can,
    grants_of,
    subscription_of,
)
from mlsec.providers.azure.facts.rights import Right
from mlsec.providers.azure.facts.role_assignments import may_anywhere
from mlsec.providers.azure.facts.role_definitions import GRANTING

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_MANAGED = "azure.identity.managed_identity"


def _may(raw: Mapping[str, Any]) -> Question:
    action, place = str(raw["may"]), str(raw["on"])
    right = Right(action.lower(), is_data=raw.get("kind") == "data action")

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        if place == "anything":
            grants = grants_of(identity, graph)
            if isinstance(grants, Unknown):
                return unknown(grants.gaps)
            return may_anywhere(grants, right, identity, graph) if grants else NO
        where = subscription_of(identity)
        if place == "target" and target is not None and target.resource is not None:
            where = target.resource.id.lower()
        return can(identity, (right,), where, graph)

    return Question(label=action, ask=ask, may_hold=_has_roles)


def _has_roles(identity: Resource, graph: Graph) -> bool:
    grants = grants_of(identity, graph)
    return isinstance(grants, Unknown) or bool(grants)


def _identity(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del graph
    target = Target(kind="identity", name=identity.name, resource=identity, identity=identity)
    return (target,)


def _is_admin(identity: Resource, graph: Graph) -> Answer:
    place = subscription_of(identity)
    return all_of(can(identity, (right,), place, graph) for right in (EVERYTHING, GRANTING))


WORDS = Words(
    cloud="azure",
    types=(_MANAGED,),
    is_admin=_is_admin,
    questions={
        "may": QuestionWord(
            about="an action that the roles of the identity allow, and on what",
            read=_may,
            fields={"on": ("target", "subscription", "anything"), "kind": ("data action",)},
            required=("on",),
        ),
    },
    targets={
        "identity": TargetKind(about="a managed identity that is privileged", leading_to=_identity),
    },
)
