"""Which organisation policies are in force for a project, from those set on it and above it.

For a yes-or-no constraint the policy nearest to the project decides. For a list, the nearest one
decides too, together with those above it as far as each inherits. A rule with a condition (a tag)
may hold or not: then the answer is unknown. What nobody set is as Google ships it: not enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.gcp.facts.grants import verdict

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_BOOLEANS: Mapping[str, tuple[str, ...]] = {
    "prevents_public_access": ("storage.publicAccessPrevention",),
    "forbids_account_keys": (
        "iam.disableServiceAccountKeyCreation",
        "iam.managed.disableServiceAccountKeyCreation",
    ),
    "default_accounts_get_no_roles": (
        "iam.automaticIamGrantsForDefaultServiceAccounts",
        "iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts",
    ),
    "forbids_notebook_addresses": ("ainotebooks.restrictPublicIp",),
    "forbids_notebook_root": ("ainotebooks.disableRootAccess",),
    "forbids_notebook_downloads": ("ainotebooks.disableFileDownloads",),
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "limits_members": ("iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers"),
    "limits_models": ("vertexai.allowedModels",),
    "limits_locations": ("gcp.resourceLocations",),
    "limits_notebook_networks": ("ainotebooks.restrictVpcNetworks",),
}
_CMEK, _VERTEX = "gcp.restrictNonCmekServices", "aiplatform.googleapis.com"
_LEVELS = ("project", "folder", "organization")
_Rule = Mapping[str, Any]


def is_enforced(project: Resource, constraint: str, graph: Graph) -> Answer:
    """Say whether a yes-or-no constraint is enforced for the project."""
    rules = _rules(project, constraint, graph)
    return rules if isinstance(rules, Answer) else _decide(rules, lambda r: bool(r.get("enforced")))


def is_limited(project: Resource, constraint: str, graph: Graph) -> Answer:
    """Say whether a list constraint leaves anything out."""
    rules = _rules(project, constraint, graph)
    return rules if isinstance(rules, Answer) else _decide(rules, _leaves_out)


def requires_customer_keys(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether Vertex AI is among the services that refuse resources without a customer key."""

    def is_named(rule: _Rule) -> bool:
        return bool(rule.get("denies_all")) or _VERTEX in (rule.get("denied") or ())

    rules = _rules(resource, _CMEK, graph)
    answer = rules if isinstance(rules, Answer) else _decide(rules, is_named)
    return verdict(answer, resource, graph)


def _rules(project: Resource, constraint: str, graph: Graph) -> tuple[_Rule, ...] | Answer:
    """Give the rules in force, nearest first; an answer where they are not known."""
    policies = graph.targets(project, "policies")
    if policies.gaps:
        return unknown(policies.gaps)
    mine = [p for p in policies.resources if property_value(p, "constraint") == Known(constraint)]
    rules: list[_Rule] = []
    for level in _LEVELS:
        here = [policy for policy in mine if _level(policy) == level]
        if len(here) > 1:
            # Folders nest, and which of two is nearer is not among the facts.
            return unknown({f"?which folder's {constraint} is nearer to the project"})
        for policy in here:
            fact = property_value(policy, "rules")
            if isinstance(fact, Unknown):
                return unknown(fact.gaps)
            if property_value(policy, "resets") == Known(value=True):
                return tuple(rules)
            rules += fact.value or ()
            if property_value(policy, "inherits") != Known(value=True):
                return tuple(rules)
    return tuple(rules)


def _decide(rules: tuple[_Rule, ...], says_yes: Callable[[_Rule], bool]) -> Answer:
    """Any unconditional rule decides for itself; a conditional one only when it would matter."""
    if any(says_yes(rule) for rule in rules if not rule.get("condition")):
        doubts = [rule for rule in rules if rule.get("condition") and not says_yes(rule)]
        return _doubt(doubts) if doubts else YES
    doubts = [rule for rule in rules if rule.get("condition") and says_yes(rule)]
    return _doubt(doubts) if doubts else NO


def _doubt(rules: Iterable[_Rule]) -> Answer:
    return unknown({f"?the condition {rule['condition']}" for rule in rules})


def _leaves_out(rule: _Rule) -> bool:
    return bool(rule.get("denies_all") or rule.get("allowed") or rule.get("denied"))


def _level(policy: Resource) -> str:
    fact = property_value(policy, "scope")
    return str(fact.value).partition("/")[0] if isinstance(fact, Known) else ""


def _fact(
    names: tuple[str, ...], ask: Callable[[Resource, str, Graph], Answer]
) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(any_of(ask(resource, name, graph) for name in names), resource, graph)

    derive.__doc__ = f"Whether {' or '.join(names)} is in force for the project."
    return derive


CONSTRAINTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    **{f"gcp_constraints.{name}": _fact(c, is_enforced) for name, c in _BOOLEANS.items()},
    **{f"gcp_constraints.{name}": _fact(c, is_limited) for name, c in _LISTS.items()},
    "gcp_constraints.requires_customer_keys": requires_customer_keys,
}
