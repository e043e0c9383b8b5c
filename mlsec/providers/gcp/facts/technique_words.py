"""The words in which Google techniques ask: permissions on an account, a project or above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import Answer, any_of
from mlsec.providers.gcp.facts.grants import own_grants
from mlsec.providers.gcp.facts.identities import may_everywhere, may_near

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = "gcp.iam.service_account"


def _may(raw: Mapping[str, Any]) -> Question:
    permission, place = str(raw["may"]), str(raw["on"])

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        everywhere = may_everywhere(identity, permission, graph)
        if place == "project" or target is None or target.resource is None:
            return everywhere
        own = own_grants(target.resource).grants
        near = may_near(identity, permission, own, target.resource, graph)
        return any_of((everywhere, near))

    return Question(label=permission, ask=ask, may_hold=lambda _, __: True)


def _account(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del graph
    return (Target(kind="account", name=identity.name, resource=identity, identity=identity),)


def _is_admin(identity: Resource, graph: Graph) -> Answer:
    return may_everywhere(identity, "resourcemanager.projects.setIamPolicy", graph)


WORDS = Words(
    cloud="gcp",
    types=(_ACCOUNT,),
    is_admin=_is_admin,
    questions={
        "may": QuestionWord(
            about="a permission that the roles of the account give it, and on what",
            read=_may,
            fields={"on": ("target", "project")},
            required=("on",),
        ),
    },
    targets={
        "account": TargetKind(about="a service account that is privileged", leading_to=_account),
    },
)
