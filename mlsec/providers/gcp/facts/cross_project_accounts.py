"""Service accounts of other projects that hold a right here, by the grants that name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_
from mlsec.providers.gcp.facts.conditional_grants import gives
from mlsec.providers.gcp.facts.grants import (
    Grant,
    grants_above,
    grants_near,
    reasons_as_gaps,
)
from mlsec.providers.gcp.facts.identities import denied_in, identity_of, is_meant
from mlsec.providers.gcp.facts.members import email_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = "gcp.iam.service_account"
# Members that may stand for an account of another project.
_MANY = ("group:", "allUsers", "allAuthenticatedUsers", "principalSet:")


def cross_project_holders(
    resource: Resource, permissions: tuple[str, ...], graph: Graph
) -> Targets:
    """Find the accounts of other projects with one of the permissions on a resource."""
    if all(account.scope == resource.scope for account in _accounts(graph).values()):
        return Targets()
    resources: dict[str, Resource] = {}
    gaps: set[str] = set()
    near, above = grants_near(resource, graph), grants_above(resource.scope, graph)
    for grant in (*near.grants, *above.grants):
        accounts = [a for a in _meant_by(grant, graph) if a.scope != resource.scope]
        given = _given(grant, permissions, resource, graph) if accounts else {}
        for account in accounts if given else ():
            meant = is_meant(grant.member, identity_of(account, graph))
            answer = any_of(
                all_of((meant, right, not_(denied_in(resource.scope, account, permission, graph))))
                for permission, right in given.items()
            )
            if answer == YES:
                resources[account.id] = account
            elif answer != NO:
                gaps |= reasons_as_gaps(answer.because, resource, graph)
    return Targets(
        resources=tuple(resources[key] for key in sorted(resources)), gaps=tuple(sorted(gaps))
    )


def _meant_by(grant: Grant, graph: Graph) -> Iterable[Resource]:
    known = _accounts(graph)
    if grant.member.startswith(_MANY):
        return known.values()
    named = known.get(email_of(grant.member))
    return [named] if named else []


def _given(
    grant: Grant, permissions: tuple[str, ...], resource: Resource, graph: Graph
) -> dict[str, Answer]:
    """Say of each permission whether the grant gives it here, without those that it does not."""
    answers = {
        permission: gives(grant, (permission,), resource, resource.scope, graph)
        for permission in permissions
    }
    return {permission: answer for permission, answer in answers.items() if answer != NO}


def _accounts(graph: Graph) -> dict[str, Resource]:
    """Index the service accounts by e-mail."""
    return graph.memo(
        ("gcp accounts",),
        lambda: {
            account.name: account for account in graph.of_type(_ACCOUNT) if not account.is_stub
        },
    )
