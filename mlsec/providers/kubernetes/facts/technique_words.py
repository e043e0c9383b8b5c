"""The words in which techniques ask in a cluster: what bindings allow, and in which namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.flags import as_answer
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.kubernetes.facts.grants import ACCOUNT, Grant, Right, grants_of
from mlsec.providers.kubernetes.facts.pod_makers import CUSTOM_WORKLOADS, WORKLOADS, named
from mlsec.providers.kubernetes.facts.rights import is_admin
from mlsec.providers.kubernetes.facts.selectors import (
    all_of_type,
    in_code,
    is_same_namespace,
    known_value,
    note_unstated,
)
from mlsec.providers.kubernetes.facts.technique_examples import spell_out, split_resource

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_SYSTEM = "kube-system"
_PLACES = ("target's namespace", _SYSTEM, "cluster", "some namespace")
_SEVERAL = {"workloads": named(WORKLOADS), "custom workloads": named(CUSTOM_WORKLOADS)}
_NO_PLATFORM = "whether the cluster is one of EKS is not said"


def _may(raw: Mapping[str, Any]) -> Question:
    text, place = str(raw["may"]), str(raw["in"])
    verbs, _, what = text.partition(" ")
    if not what:
        raise ValueError(f'"{text}" is a verb and a resource, such as "create pods/exec"')
    wanted = frozenset(verbs.split("|"))
    names = frozenset(str(raw["named"]).split("|")) if "named" in raw else frozenset()
    rights = tuple(
        Right(verbs=wanted, group=group, resource=resource, names=names)
        for group, resource in _SEVERAL.get(what) or (split_resource(what),)
    )

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        given = grants_of(identity, graph)
        if any(_holds_in(grant, place, target) and _gives(grant, rights) for grant in given.grants):
            return YES
        return unknown(given.gaps) if given.gaps else NO

    def may_hold(identity: Resource, graph: Graph) -> bool:
        given = grants_of(identity, graph)
        return bool(given.gaps) or any(_gives(grant, rights) for grant in given.grants)

    return Question(label=text, ask=ask, may_hold=may_hold)


def _gives(grant: Grant, rights: Iterable[Right]) -> bool:
    return any(right.is_given_by(rule) for rule in grant.rules for right in rights)


def _holds_in(grant: Grant, place: str, target: Target | None) -> bool:
    """Whether a binding holds at a place; for whichever account, where the powerful ones are."""
    if grant.is_wide or place == "some namespace":
        return True
    if place == "cluster":
        return False
    if place == _SYSTEM or target is None or target.identity is None:
        return bool(known_value(grant.binding, "namespace") == _SYSTEM)
    return is_same_namespace(grant.binding, target.identity)


def _cluster(raw: Mapping[str, Any]) -> Question:
    if raw["cluster"] != "eks":
        raise ValueError(f'"{raw["cluster"]}" is not known; known: eks')

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        del target
        given = grants_of(identity, graph)
        if any("aws-auth" in (rule.get("names") or ()) for g in given.grants for rule in g.rules):
            return YES
        versions = [
            version
            for cluster in all_of_type(graph, "kubernetes.cluster", identity.scope)
            if (version := known_value(cluster, "version"))
        ]
        if versions and not in_code(identity):
            return YES if any("-eks" in version for version in versions) else NO
        return unknown((note_unstated(graph, identity, "cluster", _NO_PLATFORM),))

    return Question(label="", ask=ask, may_hold=lambda _, __: True)


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
        "may": QuestionWord(
            about="a request that the bindings of the account allow, as verb|verb plural.group,"
            " and where",
            read=_may,
            fields={"in": _PLACES, "named": ()},
            required=("in",),
        ),
        "cluster": QuestionWord(about="whose cluster it is: eks", read=_cluster),
    },
    example_keys=("rights", "admins", "version"),
    spell_out=spell_out,
    targets={
        "account": TargetKind(about="a service account that is privileged", leading_to=_account),
    },
)
