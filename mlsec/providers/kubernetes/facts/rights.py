"""Security-relevant abilities of roles, bindings and service accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.ternary import NO, YES, Answer, any_of
from mlsec.providers.kubernetes.facts.builtin_roles import Rule
from mlsec.providers.kubernetes.facts.custom_kinds import (
    ANYWHERE,
    IN_ITS_NAMESPACE,
    SERVING,
    SOURCES,
    WORKLOADS,
    custom_workloads,
    named,
    unlisted,
)
from mlsec.providers.kubernetes.facts.grants import (
    Right,
    Rules,
    bindings,
    bound_role,
    grants_of,
    has_verb,
    rules_by_name,
    rules_of_binding,
    rules_of_role,
)
from mlsec.providers.kubernetes.facts.selectors import (
    as_fact,
    is_known_to,
    note_unstated,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

EVERYWHERE = " (everywhere)"
_ALL = "everything"
_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_ROLES = {"roles": "Role", "clusterroles": "ClusterRole"}
_WRITES = ("create", "update", "patch")
_CHANGES = ("update", "patch")
_RUNNERS = (*named(WORKLOADS), *custom_workloads())
# Ability, verbs (any of them), resources (any of them) as group and plural.
# Source: the Kubernetes page on good practice with RBAC, on rights that lead to others.
_ABILITIES: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("read_secrets", ("get", "list", "watch"), (("", "secrets"),)),
    ("write_secrets", _WRITES, (("", "secrets"),)),
    ("run_commands", ("create", "get"), (("", "pods/exec"), ("", "pods/attach"))),
    ("run_commands", _CHANGES, (("", "pods/ephemeralcontainers"),)),
    ("run_pods", ("create",), _RUNNERS),
    ("change_pods", _CHANGES, _RUNNERS),
    ("reach_nodes", ("get", "create"), (("", "nodes/proxy"),)),
    ("make_tokens", ("create",), (("", "serviceaccounts/token"),)),
    ("impersonate", ("impersonate",), (("", "users"), ("", "groups"), ("", "serviceaccounts"))),
    ("grant_rights", _WRITES, ((_RBAC, "rolebindings"), (_RBAC, "clusterrolebindings"),
                               ("kubeflow.org", "profiles"))),
    ("sign_certificates", _CHANGES,
     (("certificates.k8s.io", "certificatesigningrequests/approval"),)),
    ("change_admission", _WRITES,
     ((_ADMISSION, "mutatingwebhookconfigurations"),
      (_ADMISSION, "validatingwebhookconfigurations"),
      (_ADMISSION, "mutatingadmissionpolicies"))),
    ("label_namespaces", _CHANGES, (("", "namespaces"),)),
    ("steer_controllers", _WRITES, (*named(ANYWHERE), *named(IN_ITS_NAMESPACE))),
    ("steer_controllers", _CHANGES, named(SOURCES)),
    ("make_volumes", ("create",), (("", "persistentvolumes"),)),
    ("change_status", _CHANGES,
     (("", "nodes/status"), ("", "pods/status"), ("", "services/status"))),
    *(("change_models", (*_WRITES, "delete"), ((group, "*"),)) for group in SERVING),
)  # fmt: skip
# These are rights that one does not have so far, whatever else is there.
_ESCALATES = frozenset({"impersonate", "change_rights", "make_tokens", "reach_nodes",
                        "sign_certificates"})  # fmt: skip
# What these give does not depend on which object is named.
_OF_ANY_NAME = frozenset({"impersonate", "make_tokens", "change_pods", "label_namespaces",
                          "steer_controllers"})  # fmt: skip
# Of an account of one's own they give nothing.
_ON_ACCOUNTS = frozenset({"impersonate", "make_tokens"})
_STARTS = frozenset({"run_pods", "change_pods", "steer_controllers", _ALL})
_UNLISTED = "what a controller does with objects of the kind {} is not known; it may start pods"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Abilities that a role or binding grants, and the gaps that hide others."""

    abilities: frozenset[str] = frozenset()
    gaps: frozenset[str] = frozenset()


def role_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of a role."""
    return _listed(abilities_in(rules_of_role(resource, graph), resource, graph))


def binding_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities that a binding grants."""
    return _listed(abilities_in(rules_of_binding(resource, graph), resource, graph))


def abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of an account."""
    return _listed(_of_account(resource, graph))


def is_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account may do everything, everywhere."""
    given = grants_of(resource, graph)
    has_all = any(grant.is_wide and any(map(_is_all, grant.rules)) for grant in given.grants)
    return as_fact(is_known_to(has_all, given.gaps))


def escalates(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can give itself more rights than it has."""
    given = _of_account(resource, graph)
    return as_fact(is_known_to(_plain(given) & {*_ESCALATES, _ALL}, given.gaps))


def starts_pods(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can have pods started or changed: itself, or by a controller."""
    given = _of_account(resource, graph)
    grants = grants_of(resource, graph).grants
    doubts = {gap for grant in grants for gap in unlisted_kinds(grant.rules, grant.binding, graph)}
    return as_fact(is_known_to(_plain(given) & _STARTS, {*given.gaps, *doubts}))


def unlisted_kinds(rules: Iterable[Rule], near: Resource, graph: Graph) -> set[str]:
    """Give a gap for each kind that rules allow to write and of which nothing is known."""
    return {
        note_unstated(graph, near, "controllers", _UNLISTED.format(kind))
        for rule in rules
        if has_verb(rule, frozenset(_WRITES), "")
        for kind in unlisted(rule.get("groups") or (), rule.get("resources") or ())
    }


def abilities_in(
    rules: Rules, near: Resource, graph: Graph, account: Resource | None = None,
    *, is_inner: bool = False,
) -> Given:  # fmt: skip
    """Give the abilities in rules that a role or binding gives, for an account where one is known.

    A role that may be bound counts by what it gives, but with ``is_inner`` for whatever it is.
    """
    own = account.name if account is not None else ""
    abilities: set[str] = set()
    for rule in rules.rules:
        if _is_all(rule):
            abilities.add(_ALL)
        is_own = bool(own) and list(rule.get("names") or ()) == [own]
        abilities |= {
            ability
            for ability, right in _asked_of(rule)
            if not (is_own and ability in _ON_ACCOUNTS) and right.is_given_by(rule)
        }
    if is_inner:
        answer = YES if _binds(rules.rules) else NO
    else:
        beside = grants_of(account, graph).grants if account is not None else ()
        writes = _written(rules.rules, *(grant.rules for grant in beside))
        answer = _changes_rights(rules.rules, writes, near, graph)
    return Given(
        abilities=frozenset({*abilities, *(("change_rights",) if answer == YES else ())}),
        gaps=rules.gaps | answer.because,
    )


def _written(*parts: Iterable[Rule]) -> frozenset[str]:
    """Give the kinds of roles that rules allow to change."""
    verbs = frozenset(_CHANGES)
    return frozenset(
        resource
        for resource in _ROLES
        if any(_is_about(rule, resource, verbs) for rules in parts for rule in rules)
    )


def _changes_rights(
    rules: Iterable[Rule], writes: frozenset[str], near: Resource, graph: Graph
) -> Answer:
    """Whether rules allow to bind a role that gives something, or to write rights into one."""
    answers = []
    for rule in rules:
        for resource, kind in _ROLES.items():
            if resource in writes and _is_about(rule, resource, frozenset({"escalate"})):
                return YES
            if _is_about(rule, resource, frozenset({"bind"})):
                names = rule.get("names") or ()
                given = [_role_gives(kind, name, near, graph) for name in names]
                answers += given if names else [YES]
    return any_of(answers)


def _role_gives(kind: str, name: str, near: Resource, graph: Graph) -> Answer:
    given = role_given(kind, name, near, graph)
    return is_known_to(given.abilities, given.gaps)


def role_given(kind: str, name: str, near: Resource, graph: Graph) -> Given:
    """Give the abilities of a role by its name, as an object beside it means it."""
    return abilities_in(rules_by_name(near, kind, name, graph), near, graph, is_inner=True)


def _binds(rules: Iterable[Rule]) -> bool:
    return any(
        _is_about(rule, resource, frozenset({"bind", "escalate"}))
        for rule in rules
        for resource in _ROLES
    )


def _is_about(rule: Rule, resource: str, verbs: frozenset[str]) -> bool:
    right = Right(verbs=verbs, group=_RBAC, resource=resource, is_of_any_name=True)
    return right.is_given_by(rule)


def _is_all(rule: Rule) -> bool:
    keys = ("verbs", "groups", "resources")
    return not rule.get("names") and all("*" in (rule.get(key) or ()) for key in keys)


def _plain(given: Given) -> set[str]:
    return {ability.removesuffix(EVERYWHERE) for ability in given.abilities}


def _of_account(resource: Resource, graph: Graph) -> Given:
    def compute() -> Given:
        given = grants_of(resource, graph)
        parts = [
            (grant, abilities_in(Rules(rules=grant.rules), grant.binding, graph, resource))
            for grant in given.grants
        ]
        return Given(
            abilities=frozenset(
                ability + EVERYWHERE if grant.is_wide else ability
                for grant, part in parts
                for ability in part.abilities
            ),
            gaps=given.gaps.union(*(part.gaps for _, part in parts)),
        )

    result: Given = graph.memo(("kubernetes given", resource.id), compute)
    return result


_RIGHTS = tuple(
    (
        ability,
        tuple(
            Right(
                verbs=frozenset(verbs),
                group=group,
                resource=resource,
                is_of_any_name=ability in _OF_ANY_NAME and (group, resource) != ("", "pods"),
                # Only the names of its kinds show whether such a controller is installed.
                is_by_group=ability == "steer_controllers",
            )
            for group, resource in resources
        ),
    )
    for ability, verbs, resources in _ABILITIES
)


_BY_GROUP: dict[str, list[tuple[str, Right]]] = {}
for _ability, _rights in _RIGHTS:
    for _right in _rights:
        _BY_GROUP.setdefault(_right.group, []).append((_ability, _right))


def _asked_of(rule: Rule) -> Iterable[tuple[str, Right]]:
    """Give the rights that a rule may give, by the groups that it names."""
    groups = rule.get("groups") or ()
    for group in _BY_GROUP if "*" in groups else groups:
        yield from _BY_GROUP.get(group, ())


def _listed(given: Given) -> Known | Unknown:
    return Unknown(tuple(sorted(given.gaps))) if given.gaps else Known(sorted(given.abilities))


KUBE_RIGHTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.role_abilities": role_abilities,
    "kubernetes.binding_abilities": binding_abilities,
    "kubernetes.abilities": abilities,
    "kubernetes.is_admin": is_admin,
    "kubernetes.escalates": escalates,
    "kubernetes.starts_pods": starts_pods,
}
KUBE_RIGHT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.bindings": bindings,
    "kubernetes.bound_role": bound_role,
}
