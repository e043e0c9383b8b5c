"""The words in which techniques ask in a cluster: what bindings allow, and in which namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.flags import as_answer
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.grants import ACCOUNT, Grant, Right, grants_of
from mlsec.providers.kubernetes.facts.pod_makers import CUSTOM_WORKLOADS, WORKLOADS, named
from mlsec.providers.kubernetes.facts.rights import is_admin
from mlsec.providers.kubernetes.facts.selectors import (
    all_of_type,
    in_code,
    is_one_root,
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
_NO_NAMESPACE = "whether it is applied to the namespace of a powerful account is not said"
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
        gaps = grants_of(identity, graph).gaps
        answers = [_holds_in(grant, place, target, graph) for grant in giving(identity, graph)]
        return any_of([*answers, unknown(gaps) if gaps else NO])

    def giving(identity: Resource, graph: Graph) -> list[Grant]:
        return graph.memo(
            ("kubernetes right", text, *sorted(names), identity.id),
            lambda: [grant for grant in grants_of(identity, graph).grants if _gives(grant, rights)],
        )

    # Of an account whose bindings are hidden it is unknown already whether it may do everything.
    def may_hold(identity: Resource, graph: Graph) -> bool:
        return bool(giving(identity, graph))

    return Question(label=text, ask=ask, may_hold=may_hold)


def _gives(grant: Grant, rights: Iterable[Right]) -> bool:
    return any(right.is_given_by(rule) for rule in grant.rules for right in rights)


def _holds_in(grant: Grant, place: str, target: Target | None, graph: Graph) -> Answer:
    """Whether a binding holds at a place; for whichever account, where the powerful ones are."""
    if grant.is_wide or place == "some namespace":
        return YES
    if place == "cluster":
        return NO
    if place == _SYSTEM or target is None or target.identity is None:
        return YES if known_value(grant.binding, "namespace") == _SYSTEM else NO
    if not is_same_namespace(grant.binding, target.identity):
        return NO
    if is_one_root(grant.binding, target.identity):
        return YES
    return unknown((note_unstated(graph, grant.binding, "namespace", _NO_NAMESPACE),))


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
