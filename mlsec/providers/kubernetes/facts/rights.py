"""Security-relevant abilities of roles in a cluster, and the service accounts with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.providers.kubernetes.facts.selectors import (
    all_of_type,
    as_fact,
    by_name,
    hidden_types,
    in_code,
    is_known_to,
    is_same_namespace,
    known_value,
    nearest,
    note_unstated,
    sorted_targets,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ROLE, BINDING, ACCOUNT = "kubernetes.role", "kubernetes.binding", "kubernetes.service_account"
EVERYWHERE = " (everywhere)"
_ALL = "everything"
_RBAC = "rbac.authorization.k8s.io"
_RUNNERS = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
}
_SERVING = ("serving.kserve.io", "machinelearning.seldon.io", "mlops.seldon.io", "ray.io",
            "apps.nvidia.com", "production-stack.vllm.ai")  # fmt: skip
_WRITES = ("create", "update", "patch")
# Ability, verbs (any of them), group, resources (any of them).
# Source: the Kubernetes page on good practice with RBAC, on rights that lead to others.
_ABILITIES: tuple[tuple[str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("read_secrets", ("get", "list", "watch"), "", ("secrets",)),
    ("write_secrets", _WRITES, "", ("secrets",)),
    ("run_commands", ("create", "get"), "", ("pods/exec", "pods/attach")),
    ("run_commands", ("update", "patch"), "", ("pods/ephemeralcontainers",)),
    *(("run_pods", ("create",), group, kinds) for group, kinds in _RUNNERS.items()),
    *(("change_pods", ("update", "patch"), group, kinds) for group, kinds in _RUNNERS.items()),
    ("reach_nodes", ("get", "create"), "", ("nodes/proxy",)),
    ("make_tokens", ("create",), "", ("serviceaccounts/token",)),
    ("impersonate", ("impersonate",), "", ("users", "groups", "serviceaccounts")),
    ("change_rights", ("escalate", "bind"), _RBAC, ("roles", "clusterroles")),
    ("grant_rights", _WRITES, _RBAC, ("rolebindings", "clusterrolebindings")),
    ("sign_certificates", ("update", "patch"), "certificates.k8s.io",
     ("certificatesigningrequests/approval",)),
    ("change_admission", _WRITES, "admissionregistration.k8s.io",
     ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")),
    ("make_volumes", ("create",), "", ("persistentvolumes",)),
    *(("change_models", (*_WRITES, "delete"), group, ("*",)) for group in _SERVING),
)  # fmt: skip
# Built-in roles of every cluster.
_BUILTIN: Mapping[str, frozenset[str]] = {
    "cluster-admin": frozenset({_ALL}),
    "admin": frozenset({"read_secrets", "write_secrets", "run_commands", "run_pods", "change_pods",
                        "impersonate", "grant_rights", "make_tokens"}),
    "edit": frozenset({"read_secrets", "write_secrets", "run_commands", "run_pods", "change_pods",
                       "impersonate", "make_tokens"}),
    "view": frozenset(),
    "system:auth-delegator": frozenset(),
    "system:discovery": frozenset(),
    "system:basic-user": frozenset(),
    "system:public-info-viewer": frozenset(),
}  # fmt: skip
# One of these cluster-wide gives control of the cluster; in a namespace, of that namespace.
_TAKES_OVER = frozenset({
    "read_secrets", "run_commands", "run_pods", "change_pods", "reach_nodes", "make_tokens",
    "impersonate", "change_rights", "sign_certificates", "change_admission", "make_volumes",
})  # fmt: skip
_ESCALATES = frozenset({"impersonate", "change_rights", "make_tokens", "reach_nodes",
                        "sign_certificates"})  # fmt: skip


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Abilities that a role or binding grants, and the gaps that hide others."""

    abilities: frozenset[str] = frozenset()
    gaps: frozenset[str] = frozenset()


def role_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of a role."""
    return _listed(_of_role(resource, graph))


def binding_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities that a binding grants."""
    return _listed(_of_binding(resource, graph))


def abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of an account."""
    return _listed(_of_account(resource, graph))


def is_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account may do everything, everywhere."""
    given = _of_account(resource, graph)
    return as_fact(is_known_to(_ALL + EVERYWHERE in given.abilities, given.gaps))


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can take over the cluster."""
    given = _of_account(resource, graph)
    wide = {
        ability.removesuffix(EVERYWHERE)
        for ability in given.abilities
        if ability.endswith(EVERYWHERE)
    }
    return as_fact(is_known_to(wide & {*_TAKES_OVER, _ALL}, given.gaps))


def escalates(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can give itself more rights than it has."""
    given = _of_account(resource, graph)
    plain = {ability.removesuffix(EVERYWHERE) for ability in given.abilities}
    return as_fact(is_known_to(plain & {*_ESCALATES, _ALL}, given.gaps))


def bindings(resource: Resource, graph: Graph) -> Targets:
    """Give the bindings that name an account, or a group that it is in."""
    space = known_value(resource, "namespace") or ""
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"}
    index = _by_subject(graph)
    bound = [b for group in groups for b in index.get((resource.scope, "Group", group), ())]
    named = by_name(graph, ACCOUNT, resource.scope, resource.name)
    for binding in index.get((resource.scope, "ServiceAccount", resource.name), ()):
        meant = [
            a
            for a in named
            if any(_means(s, binding, a) for s in known_value(binding, "subjects") or ())
        ]
        bound += [binding] if any(a.id == resource.id for a in nearest(binding, meant)) else []
    unread = [
        gap
        for binding in all_of_type(graph, BINDING, resource.scope)
        for gap in binding.unread.get("subjects", ())
    ]
    return sorted_targets(bound, {*unread, *hidden_types(graph, resource, BINDING)})


def bound_role(resource: Resource, graph: Graph) -> Targets:
    """Give the role of a binding; nothing for a built-in one."""
    kind, name = known_value(resource, "role_kind"), known_value(resource, "role_name")
    if not isinstance(name, str):
        return Targets(gaps=tuple(resource.unread.get("role_name", ())))
    candidates = [
        role
        for role in by_name(graph, ROLE, resource.scope, name)
        if known_value(role, "kind") == kind
        and (kind == "ClusterRole" or is_same_namespace(resource, role))
    ]
    near = nearest(resource, candidates)
    if near or (in_code(resource) and name in _BUILTIN):
        return Targets(resources=tuple(near))
    gaps = hidden_types(graph, resource, ROLE)
    if in_code(resource):
        gaps.add(
            note_unstated(
                graph, resource, ROLE, f"the {kind} {name} is not declared in this folder"
            )
        )
    return Targets(gaps=tuple(sorted(gaps)))


def _by_subject(graph: Graph) -> dict[tuple[str, str, str], list[Resource]]:
    def build() -> dict[tuple[str, str, str], list[Resource]]:
        index: dict[tuple[str, str, str], list[Resource]] = {}
        for resource in graph.of_type(BINDING):
            for subject in known_value(resource, "subjects") or ():
                key = (resource.scope, str(subject.get("kind")), str(subject.get("name")))
                index.setdefault(key, []).append(resource)
        return index

    resources: dict[tuple[str, str, str], list[Resource]] = graph.memo(
        ("kubernetes subject", BINDING), build
    )
    return resources


def _means(subject: Mapping[str, Any], binding: Resource, account: Resource) -> bool:
    if subject.get("kind") != "ServiceAccount" or subject.get("name") != account.name:
        return False
    space = subject.get("namespace") or known_value(binding, "namespace") or ""
    return is_same_namespace(account, binding, space)


def _of_account(resource: Resource, graph: Graph) -> Given:
    def compute() -> Given:
        reached = bindings(resource, graph)
        abilities: set[str] = set()
        gaps = set(reached.gaps)
        for target in reached.resources:
            given = _of_binding(target, graph)
            is_wide = known_value(target, "kind") == "ClusterRoleBinding"
            abilities |= {a + EVERYWHERE if is_wide else a for a in given.abilities}
            gaps |= given.gaps
        if (
            in_code(resource)
            and not reached.resources
            and known_value(resource, "is_declared") is False
        ):
            why = "nothing in this folder declares the account or binds a role to it"
            gaps.add(note_unstated(graph, resource, BINDING, why))
        return Given(abilities=frozenset(abilities), gaps=frozenset(gaps))

    result: Given = graph.memo(("kubernetes given", resource.id), compute)
    return result


def _of_binding(resource: Resource, graph: Graph) -> Given:
    reached = bound_role(resource, graph)
    name = known_value(resource, "role_name") or ""
    if not reached.resources and not reached.gaps:
        return Given(abilities=_BUILTIN.get(name, frozenset()))
    parts = [_of_role(target, graph) for target in reached.resources]
    return Given(
        abilities=frozenset().union(*(part.abilities for part in parts)),
        gaps=frozenset(reached.gaps).union(*(part.gaps for part in parts)),
    )


def _of_role(resource: Resource, graph: Graph) -> Given:
    def compute() -> Given:
        rules = known_value(resource, "rules")
        gaps = set(resource.unread.get("rules", ()))
        abilities = _abilities_in(rules or ())
        for selector in known_value(resource, "aggregates") or ():
            labels = selector.get("labels") or {}
            # A live cluster writes the joined rules into the role itself.
            for role in all_of_type(graph, ROLE, resource.scope) if in_code(resource) else ():
                own = known_value(role, "labels") or {}
                if role.id != resource.id and labels and labels.items() <= own.items():
                    abilities |= _abilities_in(known_value(role, "rules") or ())
        return Given(abilities=frozenset(abilities), gaps=frozenset(gaps))

    result: Given = graph.memo(("kubernetes role", resource.id), compute)
    return result


def _abilities_in(rules: Iterable[Mapping[str, Any]]) -> set[str]:
    abilities: set[str] = set()
    for rule in rules:
        verbs, groups = rule.get("verbs") or (), rule.get("groups") or ()
        kinds = rule.get("resources") or ()
        if rule.get("names"):
            # A right limited to named objects does not count, except for impersonation.
            verbs = tuple(verb for verb in verbs if verb in ("impersonate", "bind", "escalate"))
        if "*" in verbs and "*" in groups and "*" in kinds:
            abilities.add(_ALL)
        for ability, wanted, group, resources in _ABILITIES:
            if (
                ("*" in verbs or any(verb in verbs for verb in wanted))
                and ("*" in groups or group in groups)
                and any(_covers(kinds, resource) for resource in resources)
            ):
                abilities.add(ability)
    return abilities


def _covers(kinds: Iterable[str], wanted: str) -> bool:
    held_kinds = set(kinds)
    if "*" in held_kinds or wanted in held_kinds or (wanted == "*" and bool(held_kinds)):
        return True
    return "/" in wanted and f"*/{wanted.partition('/')[2]}" in held_kinds


def _listed(given: Given) -> Known | Unknown:
    return Unknown(tuple(sorted(given.gaps))) if given.gaps else Known(sorted(given.abilities))


KUBE_RIGHTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.role_abilities": role_abilities,
    "kubernetes.binding_abilities": binding_abilities,
    "kubernetes.abilities": abilities,
    "kubernetes.is_admin": is_admin,
    "kubernetes.is_privileged": is_privileged,
    "kubernetes.escalates": escalates,
}
KUBE_RIGHT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.bindings": bindings,
    "kubernetes.bound_role": bound_role,
}
