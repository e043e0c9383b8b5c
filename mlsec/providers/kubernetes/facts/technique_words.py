"""The words in which techniques ask in a cluster: what bindings allow, and in which namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known
from mlsec.graph.flags import as_answer
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.kubernetes.facts.rights import ACCOUNT, EVERYWHERE, abilities, is_admin
from mlsec.providers.kubernetes.facts.selectors import is_same_namespace

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def _can(raw: Mapping[str, Any]) -> Question:
    ability, place = str(raw["can"]), str(raw["in"])

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        given = abilities(identity, graph)
        if not isinstance(given, Known):
            return unknown(given.gaps)
        if ability + EVERYWHERE in given.value or "everything" + EVERYWHERE in given.value:
            return YES
        if place == "cluster" or target is None or target.identity is None:
            return NO
        is_near = is_same_namespace(identity, target.identity)
        return YES if is_near and ability in given.value else NO

    return Question(label=ability, ask=ask, may_hold=lambda _, __: True)


def _account(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del graph
    return (Target(kind="account", name=identity.name, resource=identity, identity=identity),)


def _is_admin(identity: Resource, graph: Graph) -> Answer:
    return as_answer(is_admin(identity, graph))


WORDS = Words(
    cloud="kubernetes",
    types=(ACCOUNT,),
    is_admin=_is_admin,
    questions={
        "can": QuestionWord(
            about="an ability that the bindings of the account give it, and in which namespaces",
            read=_can,
            fields={"in": ("target's namespace", "cluster")},
            required=("in",),
        ),
    },
    targets={
        "account": TargetKind(about="a service account that is privileged", leading_to=_account),
    },
)
