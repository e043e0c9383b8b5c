"""The words in which techniques ask in a cluster: what bindings allow, and in which namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.flags import as_answer
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.providers.kubernetes.facts.builtin_roles import Rule
from mlsec.providers.kubernetes.facts.custom_kinds import (
    ANYWHERE,
    IN_ITS_NAMESPACE,
    SOURCES,
    WORKLOADS,
    custom_workloads,
    named,
)
from mlsec.providers.kubernetes.facts.grants import ACCOUNT, Grant, Right, grants_of
from mlsec.providers.kubernetes.facts.lookups import all_of_type, known_value
from mlsec.providers.kubernetes.facts.rights import is_admin, role_given, unlisted_kinds
from mlsec.providers.kubernetes.facts.selectors import (
    in_code,
    is_known_to,
    is_one_root,
    is_same_namespace,
    note_unstated,
)
from mlsec.providers.kubernetes.facts.technique_examples import spell_out, split_resource

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_SYSTEM = "kube-system"
_PLACES = ("target's namespace", _SYSTEM, "cluster", "controller's namespace", "some namespace")
# Kinds that a technique names together; of the first, what is not listed may belong to them.
_CUSTOM = "custom workloads"
_SEVERAL = {
    "workloads": named(WORKLOADS),
    "templates": tuple(kind for kind in named(WORKLOADS) if kind != ("", "pods")),
    _CUSTOM: custom_workloads(),
    "objects that a controller applies": named(ANYWHERE),
    "objects that a controller applies in its namespace": named(IN_ITS_NAMESPACE),
    "sources of what a controller applies": named(SOURCES),
}
_APPLIED = frozenset({*named(ANYWHERE), *named(IN_ITS_NAMESPACE), *named(SOURCES)})
# How a right counts that is limited to named objects, beside a list of names.
_ANY_NAME, _OF_TARGET, _STRONG_ROLE = "whichever", "target", "a role that takes over"
_A_POD = "a pod"
_COUNTED = frozenset({_ANY_NAME, _OF_TARGET, _STRONG_ROLE, _A_POD})
# Where projects that apply what objects say are installed, by their own instructions.
_CONTROLLERS = frozenset({
    "argocd", "argo-cd", "openshift-gitops", "fleet-local", "fleet-default", "crossplane-system",
    "kyverno", "vela-system", _SYSTEM,
})  # fmt: skip
# Abilities that take over a cluster where they hold in kube-system or beside a powerful account.
_STRONG = frozenset({
    "read_secrets", "write_secrets", "run_commands", "run_pods", "change_pods", "make_tokens",
    "impersonate", "change_rights", "steer_controllers", "everything",
})  # fmt: skip
_NOT_INSTALLED = "whether a controller that applies what objects say is installed is not said"
_NO_NAMESPACE = "whether it is applied to the namespace of a powerful account is not said"
_NO_POD = "whether a pod that it names runs as a powerful account is not known"
_NO_ACCOUNT = "whether an account that it names is powerful is not known"
_NO_CONTROLLER = "whether a controller takes objects of this namespace is not said"
_NO_PLATFORM = "whether the cluster is one of EKS is not said"


def _rights(verbs: str, what: str, name: str) -> tuple[Right, ...]:
    """Give the rights that a text asks for: verbs with | between them, on a resource."""
    return tuple(
        Right(
            verbs=frozenset(verbs.split("|")),
            group=group,
            resource=resource,
            names=frozenset(name.split("|")) if name else frozenset(),
            is_of_any_name=name in _COUNTED,
        )
        for group, resource in _SEVERAL.get(what) or (split_resource(what),)
    )


def _may(raw: Mapping[str, Any]) -> Question:
    text, place, name = str(raw["may"]), str(raw["in"]), str(raw.get("named", ""))
    verbs, _, what = text.partition(" ")
    if not what:
        raise ValueError(f'"{text}" is a verb and a resource, such as "create pods/exec"')
    by_group = _by_group(_rights(verbs, what, name))

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        gaps = grants_of(identity, graph).gaps
        answers = [
            all_of((_holds_in(grant, place, target, graph), of_grant(grant, target, graph)))
            for grant in giving(identity, graph)
        ]
        return any_of([*answers, unknown(gaps) if gaps else NO])

    def of_grant(grant: Grant, target: Target | None, graph: Graph) -> Answer:
        answers = [
            _suits(rule, right, name, target, grant, graph)
            for rule, right in given_by(grant, graph)
        ]
        gaps = unlisted_kinds(grant.rules, grant.binding, graph) if what == _CUSTOM else ()
        return any_of([*answers, unknown(gaps) if gaps else NO])

    def given_by(grant: Grant, graph: Graph) -> list[tuple[Rule, Right]]:
        return graph.memo(
            ("kubernetes matching", text, name, grant.binding.id),
            lambda: list(_given_by(grant.rules, by_group)),
        )

    def giving(identity: Resource, graph: Graph) -> list[Grant]:
        return graph.memo(
            ("kubernetes right", text, name, identity.id),
            lambda: [
                grant
                for grant in grants_of(identity, graph).grants
                if given_by(grant, graph)
                or (what == _CUSTOM and unlisted_kinds(grant.rules, grant.binding, graph))
            ],
        )

    # Of an account whose bindings are hidden it is unknown already whether it may do everything.
    def may_hold(identity: Resource, graph: Graph) -> bool:
        return bool(giving(identity, graph))

    return Question(label=text, ask=ask, may_hold=may_hold)


def _by_group(rights: Iterable[Right]) -> dict[str, list[Right]]:
    by_group: dict[str, list[Right]] = {}
    for right in rights:
        by_group.setdefault(right.group, []).append(right)
    return by_group


def _given_by(
    rules: Iterable[Rule], by_group: Mapping[str, list[Right]]
) -> Iterator[tuple[Rule, Right]]:
    """Give each rule with the rights that it gives, asking by the groups that it names."""
    for rule in rules:
        groups = rule.get("groups") or ()
        for group in by_group if "*" in groups else dict.fromkeys(groups):
            for right in by_group.get(group, ()):
                if right.is_given_by(rule):
                    yield rule, right


def _suits(
    rule: Rule, right: Right, name: str, target: Target | None, grant: Grant, graph: Graph
) -> Answer:
    """Whether one of the objects that a rule names is one that the technique can use."""
    groups, names = rule.get("groups") or (), rule.get("names") or ()
    if (right.group, right.resource) in _APPLIED and right.group not in groups:
        return unknown((note_unstated(graph, grant.binding, "controllers", _NOT_INSTALLED),))
    if not names:
        return YES
    if name == _OF_TARGET:
        if target is None or target.identity is None:
            return unknown((note_unstated(graph, grant.binding, "names", _NO_ACCOUNT),))
        return YES if target.identity.name in names else NO
    if name == _A_POD:
        return unknown((note_unstated(graph, grant.binding, "names", _NO_POD),))
    if name == _STRONG_ROLE:
        kind = "ClusterRole" if right.resource == "clusterroles" else "Role"
        given = [role_given(kind, role, grant.binding, graph) for role in names]
        return any_of(is_known_to(part.abilities & _STRONG, part.gaps) for part in given)
    return YES


def _holds_in(grant: Grant, place: str, target: Target | None, graph: Graph) -> Answer:
    """Whether a binding holds at a place; for whichever account, where the powerful ones are."""
    if grant.is_wide or place == "some namespace":
        return YES
    if place == "cluster":
        return NO
    if place == "controller's namespace":
        if known_value(grant.binding, "namespace") in _CONTROLLERS:
            return YES
        return unknown((note_unstated(graph, grant.binding, "namespace", _NO_CONTROLLER),))
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
            for cluster in all_of_type(graph, "kubernetes.cluster", identity)
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
