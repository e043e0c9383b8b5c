"""Security-relevant abilities of roles, bindings and service accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.providers.kubernetes.facts.builtin_roles import Rule
from mlsec.providers.kubernetes.facts.grants import (
    Right,
    Rules,
    bindings,
    bound_role,
    grants_of,
    rules_of_binding,
    rules_of_role,
)
from mlsec.providers.kubernetes.facts.pod_makers import (
    CUSTOM_WORKLOADS,
    SERVING,
    WORKLOADS,
    named,
)
from mlsec.providers.kubernetes.facts.selectors import as_fact, is_known_to

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

EVERYWHERE = " (everywhere)"
_ALL = "everything"
_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_WRITES = ("create", "update", "patch")
_CHANGES = ("update", "patch")
_RUNNERS = (*named(WORKLOADS), *named(CUSTOM_WORKLOADS))
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
    ("change_rights", ("escalate", "bind"), ((_RBAC, "roles"), (_RBAC, "clusterroles"))),
    ("grant_rights", _WRITES, ((_RBAC, "rolebindings"), (_RBAC, "clusterrolebindings"),
                               ("kubeflow.org", "profiles"))),
    ("sign_certificates", _CHANGES,
     (("certificates.k8s.io", "certificatesigningrequests/approval"),)),
    ("change_admission", _WRITES,
     ((_ADMISSION, "mutatingwebhookconfigurations"),
      (_ADMISSION, "validatingwebhookconfigurations"),
      (_ADMISSION, "mutatingadmissionpolicies"))),
    ("label_namespaces", _CHANGES, (("", "namespaces"),)),
    ("make_volumes", ("create",), (("", "persistentvolumes"),)),
    ("change_status", _CHANGES,
     (("", "nodes/status"), ("", "pods/status"), ("", "services/status"))),
    *(("change_models", (*_WRITES, "delete"), ((group, "*"),)) for group in SERVING),
)  # fmt: skip
# These are rights that one does not have so far, whatever else is there.
_ESCALATES = frozenset({"impersonate", "change_rights", "make_tokens", "reach_nodes",
                        "sign_certificates"})  # fmt: skip
# For these verbs the names are those of more rights.
_OF_OTHERS = frozenset({"impersonate", "bind", "escalate"})


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Abilities that a role or binding grants, and the gaps that hide others."""

    abilities: frozenset[str] = frozenset()
    gaps: frozenset[str] = frozenset()


def role_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of a role."""
    return _listed(_given(rules_of_role(resource, graph)))


def binding_abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities that a binding grants."""
    return _listed(_given(rules_of_binding(resource, graph)))


def abilities(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the security-relevant abilities of an account."""
    return _listed(_of_account(resource, graph))


def is_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account may do everything, everywhere."""
    given = _of_account(resource, graph)
    return as_fact(is_known_to(_ALL + EVERYWHERE in given.abilities, given.gaps))


def escalates(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can give itself more rights than it has."""
    given = _of_account(resource, graph)
    plain = {ability.removesuffix(EVERYWHERE) for ability in given.abilities}
    return as_fact(is_known_to(plain & {*_ESCALATES, _ALL}, given.gaps))


def _of_account(resource: Resource, graph: Graph) -> Given:
    def compute() -> Given:
        given = grants_of(resource, graph)
        abilities = {
            ability + EVERYWHERE if grant.is_wide else ability
            for grant in given.grants
            for ability in _abilities_in(grant.rules)
        }
        return Given(abilities=frozenset(abilities), gaps=given.gaps)

    result: Given = graph.memo(("kubernetes given", resource.id), compute)
    return result


def _given(rules: Rules) -> Given:
    return Given(abilities=frozenset(_abilities_in(rules.rules)), gaps=rules.gaps)


def _abilities_in(rules: Iterable[Rule]) -> set[str]:
    abilities: set[str] = set()
    for rule in rules:
        # A right limited to named objects does not count, except for rights of others.
        verbs = {
            verb for verb in rule.get("verbs") or () if not rule.get("names") or verb in _OF_OTHERS
        }
        plain = {**rule, "verbs": verbs, "names": ()}
        if all("*" in (plain.get(key) or ()) for key in ("verbs", "groups", "resources")):
            abilities.add(_ALL)
        for ability, rights in _RIGHTS:
            if verbs and ability not in abilities and any(r.is_given_by(plain) for r in rights):
                abilities.add(ability)
    return abilities


_RIGHTS = tuple(
    (
        ability,
        tuple(
            Right(verbs=frozenset(verbs), group=group, resource=resource)
            for group, resource in resources
        ),
    )
    for ability, verbs, resources in _ABILITIES
)


def _listed(given: Given) -> Known | Unknown:
    return Unknown(tuple(sorted(given.gaps))) if given.gaps else Known(sorted(given.abilities))


KUBE_RIGHTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.role_abilities": role_abilities,
    "kubernetes.binding_abilities": binding_abilities,
    "kubernetes.abilities": abilities,
    "kubernetes.is_admin": is_admin,
    "kubernetes.escalates": escalates,
}
KUBE_RIGHT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.bindings": bindings,
    "kubernetes.bound_role": bound_role,
}
