"""The account of Cloud Build's own that builds run as without anybody's right to act as it.

Projects that began to build before the middle of 2024 have it, and those whose organisation keeps
it. It shows in the policies that name it. Builds of others run as an account that the caller must
be allowed to act as.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.techniques.escalation import ask
from mlsec.graph.techniques.technique import Needs, Standing, Target
from mlsec.graph.ternary import NO, Answer, all_of, unknown
from mlsec.providers.gcp.facts.grants import Grant, grants_above, own_grants
from mlsec.providers.gcp.facts.identities import may_everywhere
from mlsec.providers.gcp.facts.members import email_of, home_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

KIND = "build_account"
_DOMAIN = "@cloudbuild.gserviceaccount.com"
_ACCOUNT = "gcp.iam.service_account"


def build_accounts(graph: Graph) -> tuple[Resource, ...]:
    """Give the accounts of Cloud Build's own that policies name, one for each project."""
    return graph.memo(("gcp build accounts",), lambda: _build_accounts(graph))


def _build_accounts(graph: Graph) -> tuple[Resource, ...]:
    accounts: dict[str, Resource] = {}
    for near in graph.of_type(_ACCOUNT):
        scope = near.scope
        if near.is_stub or scope in accounts:
            continue
        number = home_of(near, graph).number
        for grant in _grants_in(scope, graph):
            email = email_of(grant.member)
            owner, is_build, _ = email.partition(_DOMAIN)
            if is_build and (not number or owner == number):
                accounts[scope] = _account(email, scope)
    return tuple(accounts[scope] for scope in sorted(accounts))


def leading_to(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    """Give the account as what a build acts as."""
    del graph
    if not identity.name.endswith(_DOMAIN):
        return ()
    return (Target(kind=KIND, name=identity.name, resource=identity, identity=identity),)


def writes_everything(identity: Resource, graph: Graph) -> Answer:
    """Say whether it is Cloud Build's own account, and may write every bucket and what runs."""
    if not identity.name.endswith(_DOMAIN):
        return NO
    return may_everywhere(identity, "storage.objects.create", graph)


def unseen(identity: Resource, needs: Needs, standing: Standing, graph: Graph) -> Answer:
    """Say whether somebody has the right where the policies that would name it are unread."""
    del standing
    gaps = grants_above(identity.scope, graph).gaps
    is_named = any(account.scope == identity.scope for account in build_accounts(graph))
    if not gaps or is_named:
        return NO
    return all_of((ask(needs, identity, None, graph), unknown(gaps)))


def _grants_in(scope: str, graph: Graph) -> tuple[Grant, ...]:
    accounts = (a for a in graph.of_type_in(_ACCOUNT, scope) if not a.is_stub)
    own = (grant for account in accounts for grant in own_grants(account).grants)
    return (*grants_above(scope, graph).grants, *own)


def _account(email: str, scope: str) -> Resource:
    return Resource(
        id=f"//iam.googleapis.com/{scope}/serviceAccounts/{email}",
        type=_ACCOUNT,
        provider="gcp",
        scope=scope,
        name=email,
        is_stub=True,
    )
