"""What bindings give an account: the rules of roles, each with where it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets
from mlsec.providers.kubernetes.facts.builtin_roles import AGGREGATES, BUILTIN, INCLUDES, Rule
from mlsec.providers.kubernetes.facts.lookups import (
    all_of_type,
    by_name,
    hidden_parts,
    is_seen_from,
    known_value,
)
from mlsec.providers.kubernetes.facts.selectors import (
    hidden_types,
    in_code,
    is_same_namespace,
    nearest,
    note_unstated,
    sorted_targets,
)
from mlsec.providers.kubernetes.network_policies.selector import meets

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ROLE, BINDING, ACCOUNT = "kubernetes.role", "kubernetes.binding", "kubernetes.service_account"
_USER = "system:serviceaccount:"
_NAMELESS = frozenset({"create", "deletecollection"})


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A request: one of these verbs on a resource of a group.

    A rule that is limited to named objects gives it where it names one of ``names``, or one of
    whichever name with ``is_of_any_name``. With ``is_by_group`` a rule has to name the group.
    """

    verbs: frozenset[str]
    group: str
    resource: str
    names: frozenset[str] = frozenset()
    is_of_any_name: bool = False
    is_by_group: bool = False

    def is_given_by(self, rule: Rule) -> bool:
        """Whether a rule of a role allows it."""
        groups, names = rule.get("groups") or (), rule.get("names")
        return (
            has_verb(rule, self.verbs, self.resource)
            and (self.group in groups or ("*" in groups and not self.is_by_group))
            and covers(rule.get("resources") or (), self.resource)
            and (not names or self.is_of_any_name or not self.names.isdisjoint(names))
        )


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of a role, and the gaps that hide others."""

    rules: tuple[Rule, ...] = ()
    gaps: frozenset[str] = frozenset()


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that one binding gives; they hold in its namespace, or everywhere."""

    binding: Resource
    rules: tuple[Rule, ...]

    @property
    def is_wide(self) -> bool:
        """Whether it holds in every namespace, and for what is in none."""
        return bool(known_value(self.binding, "kind") == "ClusterRoleBinding")


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """All that an account is given, and the gaps that hide more."""

    grants: tuple[Grant, ...] = ()
    gaps: frozenset[str] = frozenset()


def covers(kinds: Iterable[str], wanted: str) -> bool:
    """Whether the resources of a rule include one; ``*/scale`` is that part of any."""
    named = set(kinds)
    if "*" in named or wanted in named or (wanted == "*" and bool(named)):
        return True
    return "/" in wanted and f"*/{wanted.partition('/')[2]}" in named


def has_verb(rule: Rule, verbs: frozenset[str], resource: str) -> bool:
    """Whether a rule has one of the verbs; an object that is made has no name to compare yet."""
    has = rule.get("verbs") or ()
    wanted = verbs - _NAMELESS if rule.get("names") and "/" not in resource else verbs
    return bool(wanted) and ("*" in has or not wanted.isdisjoint(has))


def bindings(resource: Resource, graph: Graph) -> Targets:
    """Give the bindings that name an account, its user, or a group that it is in."""
    space = known_value(resource, "namespace") or ""
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"}
    index = _by_subject(graph)
    bound = [
        b
        for group in groups
        for b in index.get((resource.scope, "Group", group), ())
        if is_seen_from(resource, b)
    ]
    bound += [
        binding
        for binding in index.get((resource.scope, "ServiceAccount", resource.name), ())
        if is_seen_from(resource, binding) and resource.id in _bound_by(binding, resource, graph)
    ]
    return sorted_targets(bound, _hidden_bindings(resource, graph))


def _bound_by(binding: Resource, account: Resource, graph: Graph) -> frozenset[str]:
    """Give the accounts of one name, as one of them sees the others, that a binding means."""

    def compute() -> frozenset[str]:
        meant = [
            other
            for other in by_name(graph, ACCOUNT, account, account.name)
            if any(_means(s, binding, other) for s in known_value(binding, "subjects") or ())
        ]
        return frozenset(other.id for other in nearest(binding, meant))

    key = ("kubernetes bound", binding.id, account.origin.stack, account.name)
    accounts: frozenset[str] = graph.memo(key, compute)
    return accounts


def _hidden_bindings(near: Resource, graph: Graph) -> frozenset[str]:
    """Give the gaps that hide whom bindings name, and bindings themselves."""

    def compute() -> frozenset[str]:
        return frozenset(
            gap
            for binding in all_of_type(graph, BINDING, near)
            for gap in hidden_parts(binding, "subjects")
        )

    key = ("kubernetes unread subjects", near.scope, near.origin.stack)
    unread: frozenset[str] = graph.memo(key, compute)
    return unread | hidden_types(graph, near, BINDING)


def bound_role(resource: Resource, graph: Graph) -> Targets:
    """Give the role of a binding; nothing for a built-in one."""
    kind, name = known_value(resource, "role_kind"), known_value(resource, "role_name")
    if not isinstance(name, str):
        return Targets(gaps=tuple(resource.unread.get("role_name", ())))
    return _role_named(resource, str(kind), name, graph)


def _role_named(near: Resource, kind: str, name: str, graph: Graph) -> Targets:
    """Give a role by its name, as an object beside it means it; nothing for a built-in one."""
    candidates = [
        role
        for role in by_name(graph, ROLE, near, name)
        if known_value(role, "kind") == kind
        and (kind == "ClusterRole" or is_same_namespace(near, role))
    ]
    nearest_ones = nearest(near, candidates)
    if nearest_ones or (in_code(near) and name in BUILTIN):
        return Targets(resources=tuple(nearest_ones))
    gaps = hidden_types(graph, near, ROLE)
    if in_code(near):
        why = f"the {kind} {name} is not declared in this folder"
        gaps.add(note_unstated(graph, near, ROLE, why))
    return Targets(gaps=tuple(sorted(gaps)))


def grants_of(resource: Resource, graph: Graph) -> Grants:
    """Give all that an account is given by its bindings."""

    def compute() -> Grants:
        reached = bindings(resource, graph)
        given = [(target, rules_of_binding(target, graph)) for target in reached.resources]
        gaps = {*reached.gaps, *(gap for _, rules in given for gap in rules.gaps)}
        if (
            in_code(resource)
            and not reached.resources
            and known_value(resource, "is_declared") is False
        ):
            why = "nothing in this folder declares the account or binds a role to it"
            gaps.add(note_unstated(graph, resource, BINDING, why))
        grants = tuple(Grant(binding=target, rules=rules.rules) for target, rules in given)
        return Grants(grants=grants, gaps=frozenset(gaps))

    result: Grants = graph.memo(("kubernetes grants", resource.id), compute)
    return result


def rules_of_binding(resource: Resource, graph: Graph) -> Rules:
    """Give the rules of the role that a binding gives."""
    name = known_value(resource, "role_name") or ""
    return _rules_of(bound_role(resource, graph), name, resource, graph)


def rules_by_name(near: Resource, kind: str, name: str, graph: Graph) -> Rules:
    """Give the rules of a role by its name, as an object beside it means it."""
    return _rules_of(_role_named(near, kind, name, graph), name, near, graph)


def _rules_of(reached: Targets, name: str, near: Resource, graph: Graph) -> Rules:
    if not reached.resources and not reached.gaps:
        return _builtin(name, near, graph)
    parts = [rules_of_role(target, graph) for target in reached.resources]
    return Rules(
        rules=tuple(rule for part in parts for rule in part.rules),
        gaps=frozenset(reached.gaps).union(*(part.gaps for part in parts)),
    )


def rules_of_role(resource: Resource, graph: Graph) -> Rules:
    """Give the rules of a role, with those that it collects from others."""
    return graph.memo(("kubernetes rules", resource.id), lambda: _collected([resource], graph))


def _collected(roles: Iterable[Resource], graph: Graph, before: Iterable[Rule] = ()) -> Rules:
    """Give the rules of roles, and in code of the roles that these collect, to any depth."""
    rules: list[Rule] = list(before)
    gaps: set[str] = set()
    waiting = {role.id: role for role in roles}
    done: set[str] = set()
    while waiting:
        name, role = waiting.popitem()
        done.add(name)
        rules += known_value(role, "rules") or ()
        gaps.update(hidden_parts(role, "rules"))
        # A live cluster writes the joined rules into the role itself.
        selectors = known_value(role, "aggregates") or () if in_code(role) else ()
        gaps.update(hidden_parts(role, "aggregates") if in_code(role) else ())
        for wanted in (selector.get("requirements") for selector in selectors):
            waiting |= {
                other.id: other
                for other in (all_of_type(graph, ROLE, role) if wanted else ())
                if other.id not in done and meets(known_value(other, "labels") or {}, wanted)
            }
    return Rules(rules=tuple(rules), gaps=frozenset(gaps))


def _builtin(name: str, near: Resource, graph: Graph) -> Rules:
    """Give the rules of a role that every cluster has, with those that code adds to it."""
    labels = [f"{AGGREGATES}{part}" for part in INCLUDES.get(name, ())]
    added = [
        role
        for role in (all_of_type(graph, ROLE, near) if labels else ())
        if any((known_value(role, "labels") or {}).get(label) == "true" for label in labels)
    ]
    return _collected(added, graph, BUILTIN.get(name, ()))


def _by_subject(graph: Graph) -> dict[tuple[str, str, str], list[Resource]]:
    def build() -> dict[tuple[str, str, str], list[Resource]]:
        index: dict[tuple[str, str, str], list[Resource]] = {}
        for resource in graph.of_type(BINDING):
            for subject in known_value(resource, "subjects") or ():
                who = _as_account(subject)
                key = (resource.scope, str(who.get("kind")), str(who.get("name")))
                index.setdefault(key, []).append(resource)
        return index

    resources: dict[tuple[str, str, str], list[Resource]] = graph.memo(
        ("kubernetes subject", BINDING), build
    )
    return resources


def _means(subject: Mapping[str, Any], binding: Resource, account: Resource) -> bool:
    who = _as_account(subject)
    if who.get("kind") != "ServiceAccount" or who.get("name") != account.name:
        return False
    space = who.get("namespace") or known_value(binding, "namespace") or ""
    return is_same_namespace(account, binding, space)


def _as_account(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a subject as the service account that it means where it names that one's user."""
    name = str(subject.get("name"))
    if subject.get("kind") != "User" or not name.startswith(_USER):
        return subject
    space, _, account = name.removeprefix(_USER).partition(":")
    return {"kind": "ServiceAccount", "namespace": space, "name": account}
