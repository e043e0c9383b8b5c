"""What a service account may do to one thing, by its policy and by those above it.

The things may stand in another project: then the policies of that project count, and not its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.gcp.facts.conditional_grants import gives
from mlsec.providers.gcp.facts.grants import (
    Grant,
    Grants,
    grants_above,
    grants_on_nodes,
    own_grants,
)
from mlsec.providers.gcp.facts.identities import (
    as_said,
    denied_in,
    identity_of,
    is_meant,
    may_everywhere,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT, _NODE = "gcp.iam.service_account", "gcp.resourcemanager.node"
# Members of whom more than one account may be meant.
_MANY = ("group:", "allUsers", "allAuthenticatedUsers", "principalSet:", "project")
# What runs code as an account of its own, by the names of the kinds of techniques' targets.
RUNNERS: Mapping[str, tuple[str, ...]] = {
    "service": ("gcp.run.service",),
    "function": ("gcp.functions.function",),
    "notebook": ("gcp.workbench.instance",),
}


def may_on(account: Resource, permission: str, resource: Resource, graph: Graph) -> Answer:
    """Say whether an account may do this to a resource, of its project or of another."""
    is_own = account.scope == resource.scope
    everywhere = may_everywhere(account, permission, graph) if is_own else NO
    if everywhere == YES:
        return YES
    policy = graph.memo(("gcp policy", resource.id), lambda: _sorted([own_grants(resource)]))
    above = graph.memo(
        ("gcp policies above", resource.scope, str(is_own)),
        lambda: _above(resource.scope, graph, is_own=is_own),
    )
    grants = (*policy.about(account), *above.about(account))
    if not grants and everywhere == NO and above.hidden == NO:
        return policy.hidden
    ways = [_given(account, permission, grant, resource, graph) for grant in grants]
    allowed = any_of((*ways, policy.hidden, above.hidden))
    if allowed != NO:
        denial = denied_in(resource.scope, account, permission, graph)
        allowed = all_of((allowed, not_(denial)))
    return any_of((everywhere, allowed))


def may_above(account: Resource, permission: str, kinds: tuple[str, ...], graph: Graph) -> Answer:
    """Say whether grants on nodes of these kinds (folder, organization) let an account do this."""
    above = graph.memo(
        ("gcp policies of nodes", account.scope, *kinds),
        lambda: _sorted([grants_on_nodes(account.scope, kinds, graph)]),
    )
    ways = [_given(account, permission, grant, None, graph) for grant in above.about(account)]
    hidden = as_said(above.hidden, identity_of(account, graph), graph)
    allowed = any_of((*ways, hidden))
    if allowed == NO:
        return NO
    return all_of((allowed, not_(denied_in(account.scope, account, permission, graph))))


def is_named_on_something(account: Resource, graph: Graph) -> bool:
    """Whether some policy of a single thing may be about the account: a quick test."""
    named = graph.memo(("gcp named on something",), lambda: _named(graph))
    return bool(named.get("*")) or f"serviceAccount:{account.name}" in named


def runners_of(account: Resource, kind: str, graph: Graph) -> tuple[Resource, ...]:
    """Give what runs as an account: services, functions or notebooks."""
    by_account = graph.memo(("gcp runners", kind), lambda: _runners(RUNNERS[kind], graph))
    return by_account.get(account.id, ())


class _Policy(msgspec.Struct, frozen=True):
    """Grants by whom they name, those of many members, and whether some could not be read."""

    named: Mapping[str, tuple[Grant, ...]]
    many: tuple[Grant, ...]
    hidden: Answer

    def about(self, account: Resource) -> tuple[Grant, ...]:
        """Give the grants that may mean an account."""
        return (*self.named.get(f"serviceAccount:{account.name}", ()), *self.many)


def _sorted(policies: Iterable[Grants]) -> _Policy:
    named: dict[str, tuple[Grant, ...]] = {}
    many: list[Grant] = []
    gaps: set[str] = set()
    for policy in policies:
        gaps |= set(policy.gaps)
        for grant in policy.grants:
            if grant.member.startswith(_MANY):
                many.append(grant)
            else:
                named[grant.member] = (*named.get(grant.member, ()), grant)
    return _Policy(named, tuple(many), unknown(gaps) if gaps else NO)


def _above(scope: str, graph: Graph, *, is_own: bool) -> _Policy:
    """What stands above counts everywhere in the own project, but for its conditions."""
    above = grants_above(scope, graph)
    if not is_own:
        return _sorted([above])
    return _sorted([Grants(grants=tuple(grant for grant in above.grants if grant.condition))])


def _given(
    account: Resource, permission: str, grant: Grant, resource: Resource | None, graph: Graph
) -> Answer:
    meant = is_meant(grant.member, identity_of(account, graph))
    if meant == NO:
        return NO
    scope = account.scope if resource is None else resource.scope
    return all_of((meant, gives(grant, (permission,), resource, scope, graph)))


def _named(graph: Graph) -> Mapping[str, bool]:
    members: dict[str, bool] = {}
    for grants in _policies(graph):
        if grants.gaps:
            members["*"] = True
        for grant in grants.grants:
            members["*" if grant.member.startswith(_MANY) else grant.member] = True
    return members


def _policies(graph: Graph) -> Iterable[Grants]:
    for name in (_ACCOUNT, *(kind for kinds in RUNNERS.values() for kind in kinds)):
        for resource in graph.of_type(name):
            if not resource.is_stub:
                yield own_grants(resource)
    for node in graph.of_type(_NODE):
        own = own_grants(node)
        yield Grants(grants=tuple(grant for grant in own.grants if grant.condition))


def _runners(types: Iterable[str], graph: Graph) -> Mapping[str, tuple[Resource, ...]]:
    resources: dict[str, list[Resource]] = {}
    for name in types:
        for resource in graph.of_type(name):
            for account in graph.targets(resource, "role").resources:
                resources.setdefault(account.id, []).append(resource)
    return {account: tuple(listed) for account, listed in resources.items()}
